with pages as (

    select * from {{ ref('int_web__pages') }}

),

identifies as (

    select * from {{ ref('stg_web_events__identifies') }}

),

events as (

    select
        web_event_id,
        anonymous_id,
        user_id,
        has_analytics_consent,
        has_advertising_consent,
        occurred_at
    from pages

    union all

    select
        web_event_id,
        anonymous_id,
        user_id,
        has_analytics_consent,
        has_advertising_consent,
        occurred_at
    from identifies

),

flags as (

    select
        occurred_at as decided_at,
        web_event_id as source_record_id,
        if(anonymous_id is null, 'user_id', 'anonymous_id') as id_type,
        coalesce(anonymous_id, user_id) as id_value,
        unnest(['analytics', 'advertising']) as purpose,
        unnest([has_analytics_consent, has_advertising_consent]) as has_consent
    from events

),

-- A no after a yes takes it back; a no at the same moment wins over the yes.
answers as (

    select
        *,
        case
            when has_consent then 'granted'
            when bool_or(has_consent) over earlier then 'withdrawn'
            else 'denied'
        end as decision
    from flags
    where has_consent is not null
    window earlier as (
        partition by id_type, id_value, purpose
        order by decided_at asc, has_consent desc, source_record_id asc
    )

),

changed as (

    select
        id_type,
        id_value,
        purpose,
        decision,
        decided_at,
        'web_events' as source,  -- noqa: RF04
        source_record_id
    from answers
    qualify decision is distinct from lag(decision) over (
        partition by id_type, id_value, purpose
        order by decided_at asc, has_consent desc, source_record_id asc
    )

)

select * from changed
