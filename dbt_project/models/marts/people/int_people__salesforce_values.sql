with

leads as (

    select * from {{ ref('stg_salesforce__leads') }}

),

contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

lead_values as (

    select
        'salesforce' as source,
        'lead' as record_type,
        salesforce_lead_id as record_id,
        is_deleted,
        coalesce(updated_at, created_at) as observed_at,
        unnest([
            'first_name',
            'last_name',
            'email',
            'phone',
            'title',
            'company_name',
            'country',
        ]) as attribute,
        unnest([
            first_name,
            last_name,
            email,
            coalesce(mobile_phone, phone),
            title,
            company_name,
            country,
        ]) as attribute_value
    from leads

),

contact_values as (

    select
        'salesforce' as source,
        'contact' as record_type,
        contacts.salesforce_contact_id as record_id,
        contacts.is_deleted,
        coalesce(contacts.updated_at, contacts.created_at) as observed_at,
        unnest([
            'first_name',
            'last_name',
            'email',
            'phone',
            'title',
            'company_name',
            'country',
        ]) as attribute,
        unnest([
            contacts.first_name,
            contacts.last_name,
            contacts.email,
            coalesce(contacts.mobile_phone, contacts.phone),
            contacts.title,
            accounts.account_name,
            coalesce(contacts.country, accounts.country),
        ]) as attribute_value
    from contacts
    left join accounts on contacts.salesforce_account_id = accounts.salesforce_account_id

),

unioned as (

    select * from lead_values
    union all
    select * from contact_values

)

select * from unioned
