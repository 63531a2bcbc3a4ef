with

source as (

    select * from {{ source('state', 'sync_runs') }}

),

listed as (

    select
        run_id,
        sync,
        plan_id,
        as_of,
        destination,
        connection,
        mode,
        purpose,
        candidates,
        allowed,
        held,
        adds,
        changes,
        removes,
        skips,
        breaches,
        ledger_position,
        status,
        approved_reason,
        sent,
        failed,
        unknown,
        withheld,
        started_at,
        finished_at
    from source

)

select * from listed
