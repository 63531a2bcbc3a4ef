with latest as (

    select * from {{ ref('int_consent__latest') }}

),

purposes as (

    select * from {{ ref('consent_purposes') }}

),

-- A purpose without a rule row is as strict as one can be.
surviving as (

    select
        latest.person_id,
        latest.purpose,
        latest.decision as status,
        latest.decided_at,
        latest.source,
        latest.id_type as evidence
    from latest
    left join purposes on latest.purpose = purposes.purpose
    qualify row_number() over (
        partition by latest.person_id, latest.purpose
        order by
            if(purposes.survivorship = 'newest', -epoch(latest.decided_at), 0) asc nulls first,
            latest.restrictiveness desc,
            latest.decided_at desc nulls first,
            latest.source asc,
            latest.id_type asc,
            latest.source_record_id asc
    ) = 1

)

select * from surviving
