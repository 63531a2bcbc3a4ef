with

source as (

    select * from {{ source('state', 'sync_ledger') }}

),

listed as (

    select
        entry_id,
        run_id,
        sync,
        plan_id,
        record_key,
        person_id,
        action,
        reason,
        purpose,
        payload_hash,
        sequence,
        idempotency_key,
        status,
        attempts,
        error_class,
        response_code,
        intended_at,
        finished_at
    from source

)

select * from listed
