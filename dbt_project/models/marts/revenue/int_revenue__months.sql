with

days as (
    select cast(converted_at as date) as day  -- noqa: RF04
    from {{ ref('fct_conversions') }}
    union all
    select cost_date as day  -- noqa: RF04
    from {{ ref('fct_marketing_costs') }}
    union all
    select closed_date as day  -- noqa: RF04
    from {{ ref('int_pipeline__opportunities') }}
    union all
    select cast(billed_at as date) as day  -- noqa: RF04
    from {{ ref('int_billing__documents') }}
),

bounds as (
    select
        date_trunc('month', min(day)) as first_month,
        greatest(max(day), cast({{ as_of() }} as date)) as last_day
    from days
),

months as (
    select
        cast(unnest(range(first_month, last_day + interval 1 day, interval 1 month)) as date)
            as period
    from bounds
),

margined as (
    select
        months.period,
        cast(months.period + interval 1 month as date) as next_period,
        margins.gross_margin
    from months
    left join {{ ref('margins') }} as margins
        on
            months.period >= margins.valid_from
            and months.period < coalesce(margins.valid_to, date '9999-12-31')
)

select * from margined
