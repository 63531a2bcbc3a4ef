with

contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

leads as (

    select * from {{ ref('stg_salesforce__leads') }}

),

crm_accounts as (

    select
        'contact' as record_type,
        salesforce_contact_id as record_id,
        salesforce_account_id,
        if(is_deleted, 'deleted_contact', 'contact') as match_rule,
        coalesce(updated_at, created_at) as observed_at
    from contacts
    union all
    select
        'lead' as record_type,
        salesforce_lead_id as record_id,
        converted_account_id as salesforce_account_id,
        'converted_lead' as match_rule,
        coalesce(updated_at, created_at) as observed_at
    from leads

)

select * from crm_accounts
