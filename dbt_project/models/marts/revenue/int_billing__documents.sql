with

invoices as (
    select
        *,
        total_local - coalesce(tax_local, 0) as net_local
    from {{ ref('stg_billing__invoices') }}
    where
        billing_subscription_id is not null
        and coalesce(invoice_status, 'paid') in ('open', 'paid')
),

charges as (
    select
        billing_charge_id,
        min(billing_invoice_id) as billing_invoice_id
    from invoices
    where billing_charge_id is not null
    group by billing_charge_id
),

refunds as (
    select
        refunds.* replace (
            coalesce(refunds.billing_invoice_id, charges.billing_invoice_id) as billing_invoice_id
        )
    from {{ ref('stg_billing__refunds') }} as refunds
    left join charges on refunds.billing_charge_id = charges.billing_charge_id
    where refunds.refunded_local != 0
),

rates as (
    select *
    from {{ ref('int_rates__periods') }}
),

billed as (
    select
        'invoice:' || billing_invoice_id as document_id,
        billing_customer_id,
        currency,
        net_local,
        created_at as billed_at,
        cast(coalesce(service_started_at, created_at) as date) as first_day,
        cast(coalesce(service_ended_at, service_started_at, created_at) as date) as end_day
    from invoices
),

-- Of what was refunded, the tax goes back as well.
refunded as (
    select
        'refund:' || refunds.billing_charge_id as document_id,
        invoices.billing_customer_id,
        invoices.currency,
        -round(
            refunds.refunded_local * cast(invoices.net_local as double) / invoices.total_local, 2
        )
            as net_local,
        coalesce(refunds.refunded_at, refunds.charged_at) as billed_at
    from refunds
    inner join invoices on refunds.billing_invoice_id = invoices.billing_invoice_id
    where invoices.total_local != 0
),

unioned as (
    select * from billed
    union all by name
    select * from refunded
),

spanned as (
    select
        * replace (
            cast(net_local as decimal(18, 2)) as net_local,
            coalesce(currency, '{{ var("corporate_currency", "USD") }}') as currency,
            coalesce(first_day, cast(billed_at as date)) as first_day,
            greatest(end_day, coalesce(first_day, cast(billed_at as date)) + 1) as end_day
        )
    from unioned
    where billed_at is not null
),

documents as (
    select
        spanned.*,
        cast(spanned.net_local * rates.usd_rate as decimal(18, 2)) as net_usd
    from spanned
    left join rates
        on
            spanned.currency = rates.currency
            and spanned.billed_at >= rates.valid_from
            and spanned.billed_at < rates.valid_until
)

select * from documents
