with

leads as (
    select *
    from {{ ref('stg_salesforce__leads') }}
    where
        created_at is not null
        and (not coalesce(is_deleted, false) or master_record_id is not null)
),

records as (
    select *
    from {{ ref('person_records') }}
    where source = 'salesforce' and record_type = 'lead'
),

firsts as (
    select
        'lead_created' as conversion_type,
        records.person_id,
        'salesforce.created_at' as dated_by,
        leads.created_at as converted_at,
        'lead_created:' || leads.salesforce_lead_id as conversion_id
    from leads
    inner join records on leads.salesforce_lead_id = records.record_id
    qualify
        row_number() over (
            partition by records.person_id order by leads.created_at, leads.salesforce_lead_id
        ) = 1
)

select * from firsts
