with

source as (

    select * from {{ source("billing", "refunds") }}

),

renamed as (

    select
        ---------- ids
        {{ text("id") }} as billing_charge_id,
        {{ text("Customer ID") }} as billing_customer_id,
        {{ text("Invoice ID") }} as billing_invoice_id,

        ---------- text
        lower({{ text("Status") }}) as charge_status,

        ---------- numerics: major units, so nothing is divided, whatever the currency
        upper({{ text("Currency") }}) as currency,
        {{ as_plain_number("Amount", 2, "decimal(18, 2)") }} as charged_local,
        {{ as_plain_number("Amount Refunded", 2, "decimal(18, 2)") }} as refunded_local,

        ---------- timestamps
        {{ utc_without_offset("Created date (UTC)") }} as charged_at,
        {{ utc_without_offset("Refunded date (UTC)") }} as refunded_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("billing_charge_id") }}

)

select * from latest
