with

months as (
    select *
    from {{ ref('int_revenue__months') }}
    where period <= {{ as_of() }}
),

subscriptions as (
    select
        billing_customer_id,
        greatest(coalesce(started_at, created_at), trial_ended_at) as paid_from,
        coalesce(
            ended_at, case when subscription_status = 'canceled' then canceled_at end,
            timestamp '9999-12-31'
        ) as paid_until
    from {{ ref('stg_billing__subscriptions') }}
    where
        billing_customer_id is not null
        and coalesce(subscription_status, '') not in ('incomplete', 'incomplete_expired')
),

paid as (
    select *
    from subscriptions
    where paid_from < paid_until and paid_from <= {{ as_of() }}
),

-- A month that has not ended has lost nobody yet, and is not asked.
customers as (
    select
        months.period,
        paid.billing_customer_id,
        bool_or(paid.paid_from < months.next_period) as is_active,
        bool_or(paid.paid_from <= months.period) and months.next_period <= {{ as_of() }}
            as is_at_risk,
        bool_or(
            paid.paid_from <= months.next_period and paid.paid_until > months.next_period
        ) as is_kept
    from months
    inner join paid
        on months.next_period >= paid.paid_from and months.period < paid.paid_until
    group by months.period, months.next_period, paid.billing_customer_id
)

select * from customers
