with

rates as (
    select *
    from {{ ref('fx_rates') }}
),

periods as (
    select
        currency,
        rate_date as valid_from,
        cast(usd_rate as decimal(18, 8)) as usd_rate,
        coalesce(
            lead(rate_date) over (partition by currency order by rate_date), date '9999-12-31'
        ) as valid_until
    from rates
)

select * from periods
