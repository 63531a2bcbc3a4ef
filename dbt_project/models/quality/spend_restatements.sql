with

reports as (
    select *
    from {{ ref('int_spend__reports') }}
),

loads as (
    select *
    from {{ source('state', 'load_order') }}
),

rates as (
    select *
    from {{ ref('int_rates__periods') }}
),

compared as (
    select
        reports.*,
        loads.as_of as restated_at,
        loads.first_file as new_file,
        row_number() over earlier > 1 as is_again,
        lag(reports.cost_local) over earlier as old_cost_local,
        lag(loads.first_file) over earlier as old_file
    from reports
    inner join loads on reports.load_id = loads.load_id
    window earlier as (
        partition by
            reports.source,
            reports.report,
            reports.platform_id,
            reports.spend_date,
            reports.last_date,
            reports.currency
        order by loads.place
    )
),

restated as (
    select  -- noqa: ST06
        ---------- ids
        source,
        report,
        source_campaign_id,
        spend_date,
        last_date,
        currency,
        load_id,
        ---------- numerics
        sum(old_cost_local) as old_cost_local,
        sum(cost_local) as new_cost_local,
        coalesce(sum(cost_local), 0) - coalesce(sum(old_cost_local), 0) as change_local,
        ---------- files
        max(old_file) as old_file,
        any_value(new_file) as new_file,
        any_value(restated_at) as restated_at
    from compared
    where is_again and old_cost_local is distinct from cost_local
    group by all
),

rated as (
    select
        restated.*,
        cast(restated.change_local * rates.usd_rate as decimal(18, 2)) as change_usd
    from restated
    left join rates
        on
            restated.currency = rates.currency
            and restated.spend_date >= rates.valid_from
            and restated.spend_date < rates.valid_until
)

select * from rated
