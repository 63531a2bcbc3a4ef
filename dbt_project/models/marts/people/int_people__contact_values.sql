with

contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

contact_values as (

    select
        salesforce_contact_id as record_id,
        is_deleted,
        coalesce(updated_at, created_at) as observed_at,
        unnest([
            'first_name',
            'last_name',
            'email',
            'phone',
            'title',
            'street',
            'city',
            'postcode',
            'country',
        ]) as attribute,
        unnest([
            first_name,
            last_name,
            email,
            coalesce(mobile_phone, phone),
            title,
            street,
            city,
            postcode,
            country,
        ]) as attribute_value,
        _file,
        _line,
        _load_id
    from contacts

),

-- What a contact lacks its account says; the source row is then the account's.
account_values as (

    select
        contacts.salesforce_contact_id as record_id,
        contacts.is_deleted,
        coalesce(accounts.updated_at, accounts.created_at) as observed_at,
        unnest(['company_name', 'country']) as attribute,
        unnest([
            accounts.account_name,
            if(contacts.country is null, accounts.country, null),
        ]) as attribute_value,
        accounts._file,
        accounts._line,
        accounts._load_id
    from contacts
    inner join accounts on contacts.salesforce_account_id = accounts.salesforce_account_id

),

-- A contact with a country of its own has one row for it, not two.
unioned as (

    select * from contact_values
    where attribute_value is not null
    union all
    select * from account_values
    where attribute_value is not null

),

named as (

    select
        *,
        'salesforce' as source,  -- noqa: RF04
        'contact' as record_type
    from unioned

)

select * from named
