with leads as (

    select * from {{ ref('stg_salesforce__leads') }}

),

contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

opt_outs as (

    select
        'salesforce_lead_id' as id_type,
        salesforce_lead_id as id_value,
        updated_at as decided_at
    from leads
    where has_opted_out_of_email

    union all

    select
        'salesforce_contact_id' as id_type,
        salesforce_contact_id as id_value,
        updated_at as decided_at
    from contacts
    where has_opted_out_of_email

),

decisions as (

    select
        id_type,
        id_value,
        'email_marketing' as purpose,
        'withdrawn' as decision,
        decided_at,
        'salesforce' as source,  -- noqa: RF04
        id_value as source_record_id
    from opt_outs

)

select * from decisions
