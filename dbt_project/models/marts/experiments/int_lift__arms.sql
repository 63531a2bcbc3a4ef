with

people as (
    select *
    from {{ ref('int_lift__people') }}
    where arm <> 'both'
),

windows as (
    select *
    from {{ ref('int_lift__windows') }}
),

conversions as (
    select *
    from {{ ref('int_lift__conversions') }}
),

outcomes as (
    select
        experiment,
        channel,
        conversion_type,
        person_id,
        count(*) as conversions,
        coalesce(sum(revenue_usd), 0)::decimal(18, 2) as revenue_usd,
        count(*) filter (where revenue_usd is null) as unvalued_conversions
    from conversions
    group by all
),

-- Everyone assigned, with or without an outcome.
unit_sums as (
    select
        windows.experiment,
        windows.channel,
        windows.conversion_type,
        people.arm,
        people.decision_unit,
        count(*) as people,
        count(outcomes.person_id) as converters,
        coalesce(sum(outcomes.conversions), 0) as conversions,
        coalesce(sum(outcomes.conversions * outcomes.conversions), 0) as conversions_squared,
        coalesce(sum(outcomes.revenue_usd), 0) as revenue_usd,
        coalesce(sum(outcomes.revenue_usd * outcomes.revenue_usd), 0) as revenue_squared,
        coalesce(sum(outcomes.unvalued_conversions), 0) as unvalued_conversions
    from windows
    inner join people
        on windows.experiment = people.experiment and windows.channel = people.channel
    left join outcomes
        on
            windows.experiment = outcomes.experiment
            and windows.channel = outcomes.channel
            and windows.conversion_type = outcomes.conversion_type
            and people.person_id = outcomes.person_id
    group by all
),

arm_sums as (
    select
        experiment,
        channel,
        conversion_type,
        arm,
        sum(people)::bigint as people,
        count(*) as decision_units,
        sum(converters)::bigint as converters,
        sum(conversions)::bigint as conversions,
        sum(revenue_usd)::decimal(18, 2) as revenue_usd,
        sum(unvalued_conversions)::bigint as unvalued_conversions,
        sum(conversions_squared)::double as conversions_squared,
        sum(revenue_squared)::double as revenue_squared,
        sum(converters * converters)::double as unit_converters_squared,
        sum(converters * people)::double as unit_converters_people,
        sum(people * people)::double as unit_people_squared
    from unit_sums
    group by all
),

-- Of the arm's mean: over people, and over companies, the sum of squared deviations / people^2.
varied as (
    select
        *,
        (conversions_squared / people - pow(conversions / people, 2)) / people
            as conversions_variance,
        (revenue_squared / people - pow(revenue_usd::double / people, 2)) / people
            as revenue_variance,
        (
            unit_converters_squared
            - 2 * converters / people * unit_converters_people
            + pow(converters / people, 2) * unit_people_squared
        ) / pow(people, 2) as clustered_variance
    from arm_sums
)

select * from varied
