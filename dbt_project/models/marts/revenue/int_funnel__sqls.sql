with

rules as (
    select *
    from {{ ref('sql_rules') }}
),

records as (
    select *
    from {{ ref('person_records') }}
),

leads as (
    select
        *,
        case when is_converted then '(converted)' end as conversion_stage
    from {{ ref('stg_salesforce__leads') }}
    where not coalesce(is_deleted, false) or master_record_id is not null
),

contacts as (
    select *
    from {{ ref('stg_hubspot__contacts') }}
),

stages as (
    select
        rules.source,
        'lead' as record_type,
        leads.salesforce_lead_id as record_id,
        case rules.dated_by
            when 'converted_date' then leads.converted_date
            when 'updated_at' then cast(leads.updated_at as date)
            else cast(leads.created_at as date)
        end as sql_date
    from leads
    inner join rules
        on
            rules.source = 'salesforce'
            and (leads.status = rules.stage or leads.conversion_stage = rules.stage)
    union all by name
    select
        rules.source,
        'contact' as record_type,
        contacts.hubspot_contact_id as record_id,
        cast(contacts.created_at as date) as sql_date
    from contacts
    inner join rules on rules.source = 'hubspot' and contacts.lifecycle_stage = rules.stage
),

-- Who is in the buying group of an opportunity has been taken up by sales.
dated as (
    select
        records.person_id,
        stages.sql_date
    from stages
    inner join records
        on
            stages.source = records.source
            and stages.record_type = records.record_type
            and stages.record_id = records.record_id
    union all
    select
        members.person_id,
        cast(conversions.converted_at as date) as sql_date
    from {{ ref('int_conversions__people') }} as members
    inner join {{ ref('fct_conversions') }} as conversions
        on members.conversion_id = conversions.conversion_id
    inner join rules on rules.stage = '(opportunity)'
    where conversions.conversion_type = 'opportunity_created'
),

sqls as (
    select distinct
        person_id,
        sql_date
    from dated
    where sql_date is not null
)

select * from sqls
