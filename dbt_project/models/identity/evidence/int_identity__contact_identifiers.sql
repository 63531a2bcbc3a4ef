with

contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

contact_values as (

    select
        salesforce_contact_id as record_id,
        created_at as observed_at,
        _file,
        _line,
        _load_id,
        'salesforce' as source,
        'contact' as record_type,
        unnest([
            'salesforce_contact_id',
            'salesforce_contact_id',
            'email',
            'phone',
            'phone',
        ]) as id_type,
        unnest([
            salesforce_contact_id,
            master_record_id,
            email,
            phone,
            mobile_phone,
        ]) as id_value,
        unnest([
            'own id',
            'merged contact',
            'contact e-mail',
            'contact phone',
            'contact mobile phone',
        ]) as rule
    from contacts

)

select * from contact_values
