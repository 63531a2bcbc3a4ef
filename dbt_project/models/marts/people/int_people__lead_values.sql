with

leads as (

    select * from {{ ref('stg_salesforce__leads') }}

),

lead_values as (

    select
        'salesforce' as source,
        'lead' as record_type,
        salesforce_lead_id as record_id,
        is_deleted,
        _file,
        _line,
        _load_id,
        coalesce(updated_at, created_at) as observed_at,
        unnest([
            'first_name',
            'last_name',
            'email',
            'phone',
            'title',
            'company_name',
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
            company_name,
            street,
            city,
            postcode,
            country,
        ]) as attribute_value
    from leads

)

select * from lead_values
