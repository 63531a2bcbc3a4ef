with

contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}

),

contact_merges as (

    select * from {{ ref('stg_hubspot__contact_merges') }}

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

-- Said at both ends, so that a chain holds where the contact in its middle was never exported.
merge_ends as (

    select
        _file,
        _line,
        _load_id,
        unnest([surviving_contact_id, merged_contact_id]) as record_id,
        unnest([merged_contact_id, surviving_contact_id]) as id_value,
        unnest(['merged contact', 'merged into contact']) as rule
    from contact_merges

),

merged_values as (

    select
        'hubspot' as source,
        'contact' as record_type,
        merge_ends.record_id,
        'hubspot_contact_id' as id_type,
        merge_ends.id_value,
        merge_ends.rule,
        contacts.created_at as observed_at,
        merge_ends._file,
        merge_ends._line,
        merge_ends._load_id
    from merge_ends
    inner join contacts on merge_ends.record_id = contacts.hubspot_contact_id

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
