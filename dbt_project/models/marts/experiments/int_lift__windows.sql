with

people as (
    select *
    from {{ ref('int_lift__people') }}
),

rules as (
    select *
    from {{ ref('lift_rules') }}
),

spend as (
    select *
    from {{ ref('fct_ad_spend') }}
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
        cast(coalesce(sum(spend.spend_usd), 0) as decimal(18, 2)) as spend_usd
    from experiments
    left join spend
        on
            experiments.channel = spend.channel
            and spend.spend_date >= cast(experiments.starts_at as date)
            and experiments.ends_at > spend.spend_date
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
