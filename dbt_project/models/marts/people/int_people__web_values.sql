with

identifies as (

    select * from {{ ref('stg_web_events__identifies') }}

),

identify_values as (

    select
        'web_events' as source,
        'identify' as record_type,
        web_event_id as record_id,
        _file,
        _line,
        _load_id,
        occurred_at as observed_at,
        false as is_deleted,
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
