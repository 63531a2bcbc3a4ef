with

people as (
    select *
    from {{ ref('int_lift__people') }}
),

rules as (
    select *
    from {{ ref('lift_rules') }}
),

periods as (
    select *
    from {{ ref('int_lift__periods') }}
),

experiments as (
    select
        experiment,
        channel,
        min(starts_at) as starts_at,
        max(ends_at) as ends_at,
        count(*) filter (where arm = 'both') as people_in_both_arms
    from people
    group by experiment, channel
),

spent as (
    select
        experiments.*,
        sum(periods.spend_usd)::decimal(18, 2) as spend_usd
    from experiments
    inner join periods
        on
            experiments.experiment = periods.experiment
            and experiments.channel = periods.channel
    group by all
),

windows as (
    select
        spent.*,
        rules.conversion_type,
        rules.interval_z,
        spent.ends_at + to_seconds(rules.follow_up_seconds) as counted_until,
        counted_until <= {{ as_of() }} as is_complete
    from spent
    cross join rules
)

select * from windows
