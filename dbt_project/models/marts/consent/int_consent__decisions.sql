with crm_decisions as (

    select * from {{ ref('int_consent__crm_decisions') }}

),

email_decisions as (

    select * from {{ ref('int_consent__email_decisions') }}

),

web_decisions as (

    select * from {{ ref('int_consent__web_decisions') }}

),

identifiers as (

    select * from {{ ref('identifiers') }}

),

decisions as (

    select * from crm_decisions
    union all by name
    select * from email_decisions
    union all by name
    select * from web_decisions

),

with_person as (

    select
        decisions.id_type,
        decisions.id_value,
        identifiers.person_id,
        decisions.purpose,
        decisions.topic,
        decisions.decision,
        decisions.decided_at,
        decisions.source,
        decisions.source_record_id
    from decisions
    left join identifiers
        on
            decisions.id_type = identifiers.id_type
            and decisions.id_value = identifiers.id_value
    where decisions.id_value is not null

)

select * from with_person
