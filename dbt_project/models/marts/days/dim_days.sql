with

bounds as (
    select
        min(period) as first_date,
        max(next_period) as end_date
    from {{ ref('int_revenue__months') }}
),

days as (
    select cast(unnest(range(first_date, end_date, interval 1 day)) as date) as calendar_date
    from bounds
)

select * from days
