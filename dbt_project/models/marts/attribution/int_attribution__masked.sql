with

weighted as (
    select *
    from {{ ref('int_attribution__weights') }}
),

conversions as (
    select *
    from {{ ref('fct_conversions') }}
    where credit_conversion_id = conversion_id
),

models as (
    select *
    from {{ ref('attribution_models') }}
),

shown as (
    select
        conversion_id,
        model,
        touch_id,
        person_id,
        account_id,
        channel,
        campaign_id,
        touched_at,
        touch_number,
        touch_count,
        cut_count,
        weight
    from weighted
    where is_consented
),

withheld as (
    select
        weighted.conversion_id,
        weighted.model,
        '(consent withheld)' as touch_id,
        conversions.person_id,
        conversions.account_id,
        '(consent withheld)' as channel,
        max(weighted.touch_count) + 1 as touch_number,
        max(weighted.touch_count) as touch_count,
        max(weighted.cut_count) as cut_count,
        {{ exact_sum('weighted.weight') }}::double as weight
    from weighted
    inner join conversions on weighted.conversion_id = conversions.conversion_id
    where not weighted.is_consented
    group by all
),

unattributed as (
    select
        conversions.conversion_id,
        models.model,
        '(unattributed)' as touch_id,
        conversions.person_id,
        conversions.account_id,
        '(unattributed)' as channel,
        1 as touch_number,
        0 as touch_count,
        0 as cut_count,
        1.0 as weight
    from conversions
    anti join weighted on conversions.conversion_id = weighted.conversion_id
    cross join models
),

unioned as (
    select * from shown
    union all by name
    select * from withheld
    union all by name
    select * from unattributed
),

credited as (
    select *
    from unioned
    where weight > 0
)

select * from credited
