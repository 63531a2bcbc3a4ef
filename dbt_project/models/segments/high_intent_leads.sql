with

people as (

    select * from {{ ref('dim_people') }}

),

touches as (

    select * from {{ ref('fct_touches') }}

),

customers as (

    select * from {{ ref('customers') }}

),

thresholds as (

    select * from {{ ref('segment_thresholds') }}

),

limits as (

    select
        max(value) filter (where threshold = 'lookback_days') as lookback_days,
        max(value) filter (where threshold = 'min_touches') as min_touches,
        max(value) filter (where threshold = 'min_form_fills') as min_form_fills
    from thresholds
    where
        segment = 'high_intent_leads'
        and valid_from <= {{ as_of() }}
        and coalesce(valid_to > {{ as_of() }}, true)

),

recent as (

    select
        touches.person_id,
        count(*) as touch_count,
        count(*) filter (where touches.touch_type = 'form_fill') as form_fill_count,
        arg_max(touches.channel, (touches.touched_at, touches.touch_id)) as last_channel,
        max(touches.touched_at) as last_touched_at
    from touches
    cross join limits
    where
        touches.is_consented
        and touches.touched_at <= {{ as_of() }}
        and touches.touched_at > {{ as_of() }} - to_days(limits.lookback_days)
    group by all

),

hot as (

    select
        ---------- ids
        people.person_id,
        people.account_id,

        ---------- why
        recent.touch_count,
        recent.form_fill_count,
        recent.last_channel,
        recent.last_touched_at
    from recent
    cross join limits
    inner join people on recent.person_id = people.person_id
    left join customers on recent.person_id = customers.person_id
    where
        recent.touch_count >= limits.min_touches
        and recent.form_fill_count >= limits.min_form_fills
        and customers.person_id is null

)

select * from hot
