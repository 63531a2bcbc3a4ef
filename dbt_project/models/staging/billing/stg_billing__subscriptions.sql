with

source as (

    select * from {{ source("billing", "subscriptions") }}

),

renamed as (

    select
        ---------- ids
        {{ text("id") }} as billing_subscription_id,
        {{ text("Customer ID") }} as billing_customer_id,
        {{ text("Plan") }} as plan_id,

        ---------- text
        lower({{ text("Interval") }}) as billing_interval,
        lower({{ text("Status") }}) as subscription_status,
        {{ text("Cancellation Reason") }} as cancellation_reason,

        ---------- numerics
        {{ as_plain_number("Quantity", 0, "bigint") }} as quantity,
        upper({{ text("Currency") }}) as currency,
        {{ as_plain_number("Amount", 2, "decimal(18, 2)") }} as amount_local,

        ---------- timestamps
        {{ utc_without_offset("Created (UTC)") }} as created_at,
        {{ utc_without_offset("Start (UTC)") }} as started_at,
        {{ utc_without_offset("Current Period Start (UTC)") }} as period_started_at,
        {{ utc_without_offset("Current Period End (UTC)") }} as period_ended_at,
        {{ utc_without_offset("Trial Start (UTC)") }} as trial_started_at,
        {{ utc_without_offset("Trial End (UTC)") }} as trial_ended_at,
        {{ utc_without_offset("Canceled At (UTC)") }} as canceled_at,
        {{ utc_without_offset("Ended At (UTC)") }} as ended_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("billing_subscription_id") }}

)

select * from latest
