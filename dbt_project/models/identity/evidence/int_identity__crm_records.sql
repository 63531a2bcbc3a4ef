with

leads as (

    select * from {{ ref('stg_salesforce__leads') }}

),

contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

hubspot_contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}

),

marketo_leads as (

    select * from {{ ref('stg_marketo__leads') }}

),

crm_records as (

    select
        'salesforce' as source,
        'lead' as record_type,
        salesforce_lead_id as record_id,
        first_name,
        last_name,
        created_at as observed_at,
        _file,
        _line,
        _load_id
    from leads
    union all
    select
        'salesforce' as source,
        'contact' as record_type,
        salesforce_contact_id as record_id,
        first_name,
        last_name,
        created_at as observed_at,
        _file,
        _line,
        _load_id
    from contacts
    union all
    select
        'hubspot' as source,
        'contact' as record_type,
        hubspot_contact_id as record_id,
        first_name,
        last_name,
        created_at as observed_at,
        _file,
        _line,
        _load_id
    from hubspot_contacts
    union all
    select
        'marketo' as source,
        'lead' as record_type,
        marketo_lead_id as record_id,
        first_name,
        last_name,
        created_at as observed_at,
        _file,
        _line,
        _load_id
    from marketo_leads

)

select * from crm_records
