{{ config(materialized='view') }}

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
        coalesce(statuses.is_granted, false) as is_granted,
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

topics as (

    select distinct
        person_id,
        purpose,
        id_type,
        id_value,
        topic
    from known
    where topic is not null

),

-- A refusal of everything is a refusal of each topic; a yes to everything takes no refusal back.
by_topic as (

    select
        known.person_id,
        known.purpose,
        known.id_type,
        known.id_value,
        known.decision,
        known.is_granted,
        known.restrictiveness,
        known.decided_at,
        known.source,
        known.source_record_id,
        coalesce(known.topic, topics.topic) as topic
    from known
    left join topics
        on
            known.topic is null
            and not known.is_granted
            and known.person_id = topics.person_id
            and known.purpose = topics.purpose
            and known.id_type = topics.id_type
            and known.id_value = topics.id_value

),

latest as (

    select *
    from by_topic
    qualify row_number() over (
        partition by person_id, purpose, id_type, id_value, topic
        order by
            decided_at desc nulls first,
            restrictiveness desc,
            source asc,
            source_record_id asc
    ) = 1

)

select * from latest
