with

conversions as (
    select *
    from {{ ref('fct_conversions') }}
    where conversion_type = 'opportunity_created'
),

types as (
    select *
    from {{ ref('conversion_types') }}
),

buyers as (
    select
        conversion_id,
        count(*) > 1 as is_group
    from {{ ref('int_attribution__people') }}
    group by conversion_id
),

touches as (
    select *
    from {{ ref('int_attribution__eligible_touches') }}
),

known as (
    select min(touched_at) as known_from
    from {{ ref('fct_touches') }}
),

opened as (
    select
        conversions.conversion_id,
        conversions.converted_at,
        buyers.is_group,
        types.lookback_seconds // 86400 as window_days,
        conversions.converted_at - to_seconds(types.lookback_seconds) >= known.known_from
            as is_known_whole
    from conversions
    inner join buyers on conversions.conversion_id = buyers.conversion_id
    inner join types on conversions.conversion_type = types.conversion_type
    cross join known
),

aged as (
    select
        opened.is_group,
        opened.window_days,
        1 + date_sub('second', touches.touched_at, opened.converted_at) // 86400 as age,
        count(*) as touches
    from opened
    inner join touches on opened.conversion_id = touches.conversion_id
    where opened.is_known_whole
    group by all
),

split as (
    select
        *,
        sum(touches) over (partition by is_group order by age) as late,
        sum(touches) over (partition by is_group) - late as early,
        late / age as late_rate,
        early / (window_days - age) as early_rate,
        (late + early) / window_days as mean_rate
    from aged
    where age < window_days
),

-- By what the likelihood grows if the rate changes there, for touches that come by chance.
gained as (
    select
        is_group,
        age,
        late * ln(late_rate / mean_rate)
        + early * ln(greatest(early_rate, 1e-9) / mean_rate) as gain,
        ln(late + early) as least_gain
    from split
    where late_rate > early_rate
),

found as (
    select
        is_group,
        max_by(age, gain) as decision_days
    from gained
    where gain > least_gain
    group by is_group
),

decided as (
    select
        opened.conversion_id,
        coalesce(found.decision_days, 0)::integer as decision_days
    from opened
    left join found on opened.is_group = found.is_group
)

select * from decided
