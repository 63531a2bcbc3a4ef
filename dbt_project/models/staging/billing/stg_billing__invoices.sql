with

source as (

    select * from {{ source("billing", "invoices") }}

),

renamed as (

    select
        ---------- ids
        {{ text("id") }} as billing_invoice_id,
        {{ text("Customer") }} as billing_customer_id,
        {{ text("Subscription") }} as billing_subscription_id,
        {{ text("Charge") }} as billing_charge_id,

        ---------- text
        {{ text("Number") }} as invoice_number,
        lower({{ text("Status") }}) as invoice_status,

        ---------- numerics: major units, so nothing is divided, whatever the currency
        upper({{ text("Currency") }}) as currency,
        {{ as_plain_number("Subtotal", 2, "decimal(18, 2)") }} as subtotal_local,
        {{ as_plain_number("Tax", 2, "decimal(18, 2)") }} as tax_local,
        {{ as_plain_number("Total", 2, "decimal(18, 2)") }} as total_local,
        {{ as_plain_number("Amount Due", 2, "decimal(18, 2)") }} as due_local,
        {{ as_plain_number("Amount Paid", 2, "decimal(18, 2)") }} as paid_local,

        ---------- timestamps
        {{ utc_without_offset("Date (UTC)") }} as created_at,
        {{ utc_without_offset("Due Date (UTC)") }} as due_at,
        {{ utc_without_offset("Finalized At (UTC)") }} as finalized_at,
        {{ utc_without_offset("Paid At (UTC)") }} as paid_at,
        {{ utc_without_offset("Voided At (UTC)") }} as voided_at,
        {{ utc_without_offset("Minimum Line Item Period Start (UTC)") }} as service_started_at,
        {{ utc_without_offset("Maximum Line Item Period End (UTC)") }} as service_ended_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("billing_invoice_id") }}

)

select * from latest
