with

contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}

),

form_submissions as (

    select * from {{ ref('stg_hubspot__form_submissions') }}

),

contact_values as (

    select
        'hubspot' as source,
        'contact' as record_type,
        hubspot_contact_id as record_id,
        is_deleted,
        created_at as observed_at,
        unnest([
            'first_name',
            'last_name',
            'email',
            'phone',
            'company_name',
            'street',
            'city',
            'postcode',
            'country',
            'loyalty_id',
        ]) as attribute,
        unnest([
            first_name,
            last_name,
            email,
            phone,
            company_name,
            street,
            city,
            postcode,
            country,
            loyalty_id,
        ]) as attribute_value,
        _file,
        _line,
        _load_id
    from contacts

),

form_values as (

    select
        'hubspot' as source,
        'form_submission' as record_type,
        hubspot_form_submission_id as record_id,
        false as is_deleted,
        submitted_at as observed_at,
        unnest([
            'first_name',
            'last_name',
            'email',
            'phone',
        ]) as attribute,
        unnest([
            first_name,
            last_name,
            email,
            phone,
        ]) as attribute_value,
        _file,
        _line,
        _load_id
    from form_submissions

),

unioned as (

    select * from contact_values
    union all
    select * from form_values

)

select * from unioned
