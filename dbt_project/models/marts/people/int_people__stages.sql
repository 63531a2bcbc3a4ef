with

record_people as (

    select * from {{ ref('int_identity__record_people') }}

),

hubspot_contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}
    where not coalesce(is_deleted, false)

),

crm_stages as (

    select * from {{ ref('int_people__opportunity_stages') }}

),

hubspot_stages as (

    select
        'contact' as record_type,
        hubspot_contact_id as record_id,
        case lifecycle_stage
            when 'customer' then 5
            when 'opportunity' then 4
            when 'sales_qualified_lead' then 3
            when 'marketing_qualified_lead' then 3
            else 2
        end as stage_rank
    from hubspot_contacts

),

record_stages as (

    select
        record_people.person_id,
        case
            when record_people.record_type in ('lead', 'contact', 'form_submission') then 2
            else 1
        end as stage_rank
    from record_people
    union all
    select
        record_people.person_id,
        hubspot_stages.stage_rank
    from hubspot_stages
    inner join record_people
        on
            record_people.source = 'hubspot'
            and hubspot_stages.record_type = record_people.record_type
            and hubspot_stages.record_id = record_people.record_id
    union all
    select
        record_people.person_id,
        crm_stages.stage_rank
    from crm_stages
    inner join record_people
        on
            record_people.source = 'salesforce'
            and crm_stages.record_type = record_people.record_type
            and crm_stages.record_id = record_people.record_id

),

furthest as (

    select
        person_id,
        case max(stage_rank)
            when 5 then 'customer'
            when 4 then 'opportunity'
            when 3 then 'marketing_qualified_lead'
            when 2 then 'lead'
            else 'visitor'
        end as lifecycle_stage
    from record_stages
    group by all

)

select * from furthest
