with

assignments as (
    select *
    from {{ source('experiments_state', 'holdout_assignments') }}
),

spend as (
    select *
    from {{ ref('fct_ad_spend') }}
),

periods as (
    select distinct
        experiment,
        channel,
        starts_at,
        ends_at
    from assignments
),

spent as (
    select
        periods.*,
        cast(coalesce(sum(spend.spend_usd), 0) as decimal(18, 2)) as spend_usd
    from periods
    left join spend
        on
            periods.channel = spend.channel
            and spend.spend_date >= cast(periods.starts_at as date)
            and periods.ends_at > spend.spend_date
    group by all
)

select * from spent
