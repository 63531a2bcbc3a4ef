with

contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}

),

contact_values as (

    select
        'hubspot' as source,
        'contact' as record_type,
        hubspot_contact_id as record_id,
        unnest(['hubspot_contact_id', 'email', 'phone', 'loyalty_id']) as id_type,
        unnest([hubspot_contact_id, email, phone, loyalty_id]) as id_value,
        unnest([
            'own id',
            'contact e-mail',
            'contact phone',
            'contact loyalty id',
        ]) as rule,
        created_at as observed_at,
        _file,
        _line,
        _load_id
    from contacts

),

merged_values as (

    select
        'hubspot' as source,
        'contact' as record_type,
        hubspot_contact_id as record_id,
        'hubspot_contact_id' as id_type,
        unnest(list_distinct(merged_contact_ids)) as id_value,
        'merged contact' as rule,
        created_at as observed_at,
        _file,
        _line,
        _load_id
    from contacts

),

additional_values as (

    select
        'hubspot' as source,
        'contact' as record_type,
        hubspot_contact_id as record_id,
        'email' as id_type,
        unnest(list_distinct(additional_emails)) as id_value,
        'additional e-mail' as rule,
        created_at as observed_at,
        _file,
        _line,
        _load_id
    from contacts

),

unioned as (

    select * from contact_values
    union all
    select * from merged_values
    union all
    select * from additional_values

)

select * from unioned
