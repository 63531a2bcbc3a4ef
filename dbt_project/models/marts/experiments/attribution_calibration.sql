with

comparisons as (
    select *
    from {{ ref('int_lift__comparisons') }}
),

channels as (
    select *
    from {{ ref('channels') }}
),

rules as (
    select *
    from {{ ref('lift_rules') }}
),

reported as (
    select
        credits.model,
        credits.channel,
        rules.conversion_type
    from {{ ref('channel_attribution') }} as credits
    inner join channels on credits.channel = channels.channel
    cross join rules
    union
    select
        model,
        channel,
        conversion_type
    from comparisons
),

-- Experiments are independent of each other, so their intervals add up by squares. Decimals
-- add up to the same whatever the order.
summed as (
    select
        reported.channel,
        reported.model,
        reported.conversion_type,
        {% for unit in ["conversions", "revenue_usd"] -%}
            sum(comparisons.credited_{{ unit }}::decimal(38, 12))::double as credited_{{ unit }},
            sum(comparisons.measured_{{ unit }}::decimal(38, 12))::double as measured_{{ unit }},
            sqrt(sum(pow(comparisons.{{ unit }}_reach, 2)::decimal(38, 12))::double)
                as {{ unit }}_reach,
        {% endfor -%}
        bool_and(comparisons.is_complete) as is_complete,
        count(comparisons.experiment) as experiments
    from reported
    left join comparisons
        on
            reported.channel = comparisons.channel
            and reported.model = comparisons.model
            and reported.conversion_type = comparisons.conversion_type
    group by all
),

calibrated as (
    select
        channel,
        model,
        conversion_type,
        {% for unit, factor in [("conversions", "conversions"), ("revenue_usd", "revenue")] -%}
            credited_{{ unit }},
            measured_{{ unit }},
            measured_{{ unit }} - {{ unit }}_reach as measured_{{ unit }}_low,
            measured_{{ unit }} + {{ unit }}_reach as measured_{{ unit }}_high,
            measured_{{ unit }} / nullif(credited_{{ unit }}, 0) as {{ factor }}_factor,
        {% endfor -%}
        experiments,
        is_complete
    from summed
)

select * from calibrated
