with decisions as (

    select * from {{ ref('int_consent__decisions') }}

),

statuses as (

    select * from {{ ref('consent_statuses') }}

),

-- A grant counts once its time has come; anything else counts whatever its clock says.
known as (

    select
        decisions.*,
        -- A status without a rule row is the strictest of all, never the loosest.
        coalesce(statuses.restrictiveness, 99) as restrictiveness
    from decisions
    left join statuses
        on decisions.decision = statuses.status
    where
        decisions.person_id is not null
        and (
            not coalesce(statuses.is_granted, false)
            or decisions.decided_at <= {{ as_of() }}
        )

),

latest_by_identifier as (

    select *
    from known
    qualify row_number() over (
        partition by person_id, purpose, id_type, id_value
        order by
            decided_at desc nulls first,
            restrictiveness desc,
            source asc,
            source_record_id asc
    ) = 1

),

strictest as (

    select
        person_id,
        purpose,
        decision as status,
        decided_at,
        source,
        id_type as evidence
    from latest_by_identifier
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
