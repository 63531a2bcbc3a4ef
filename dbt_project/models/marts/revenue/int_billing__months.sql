with

documents as (
    select
        *,
        cast(abs(net_usd) * 100 as bigint) as cents,
        sign(net_usd) as usd_sign,
        end_day - first_day as day_count
    from {{ ref('int_billing__documents') }}
    where net_usd is not null
),

monthly as (
    select
        *,
        cast(
            unnest(range(date_trunc('month', first_day), end_day, interval 1 month)) as date
        ) as period
    from documents
),

floored as (
    select
        *,
        cents * (
            least(end_day, cast(period + interval 1 month as date)) - greatest(first_day, period)
        ) as parts
    from monthly
),

-- Whole cents by largest remainder, ties to the earlier month.
ranked as (
    select
        *,
        parts // day_count as floor_cents,
        cents - sum(parts // day_count) over (partition by document_id) as cents_left,
        row_number() over (
            partition by document_id order by parts % day_count desc, period asc
        ) as remainder_rank
    from floored
),

months as (
    select
        document_id,
        billing_customer_id,
        period,
        cast(
            usd_sign * (floor_cents + cast(remainder_rank <= cents_left as integer)) / 100
            as decimal(18, 2)
        ) as billed_usd
    from ranked
)

select * from months
