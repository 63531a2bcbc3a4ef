with latest as (

    select * from {{ ref('int_consent__latest') }}

),

strictest as (

    select
        person_id,
        purpose,
        decision as status,
        decided_at,
        source,
        id_type as evidence
    from latest
    qualify row_number() over (
        partition by person_id, purpose
        order by
            restrictiveness desc,
            decided_at desc nulls first,
            source asc,
            id_type asc,
            source_record_id asc
    ) = 1

)

select * from strictest
