with

salesforce_leads as (

    select * from {{ ref('stg_salesforce__leads') }}

),

marketo_leads as (

    select * from {{ ref('stg_marketo__leads') }}

),

leads as (

    select
        'salesforce' as source,  -- noqa: RF04
        salesforce_lead_id as record_id,
        is_deleted,
        first_name,
        last_name,
        email,
        phone,
        mobile_phone,
        title,
        company_name,
        street,
        city,
        postcode,
        country,
        created_at,
        updated_at,
        _file,
        _line,
        _load_id
    from salesforce_leads
    union all by name
    select
        'marketo' as source,  -- noqa: RF04
        marketo_lead_id as record_id,
        first_name,
        last_name,
        email,
        phone,
        mobile_phone,
        title,
        company_name,
        country,
        created_at,
        updated_at,
        _file,
        _line,
        _load_id
    from marketo_leads

),

lead_values as (

    select
        source,
        'lead' as record_type,
        record_id,
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
