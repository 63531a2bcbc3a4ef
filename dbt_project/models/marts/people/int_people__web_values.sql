with

identifies as (

    select * from {{ ref('stg_web_events__identifies') }}

),

identify_values as (

    select
        'web_events' as source,
        'identify' as record_type,
        web_event_id as record_id,
        false as is_deleted,
        occurred_at as observed_at,
        unnest([
            'first_name',
            'last_name',
            'email',
            'phone',
            'loyalty_id',
        ]) as attribute,
        unnest([
            first_name,
            last_name,
            email,
            phone,
            loyalty_id,
        ]) as attribute_value
    from identifies

)

select * from identify_values
