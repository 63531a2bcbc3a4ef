with

source as (

    select * from {{ source("hubspot", "subscription_changes") }}

),

changes as (

    select
        *,
        {{ json_items(
            "changes", ["change", "changeType", "subscriptionId", "source", "timestamp"]
        ) }} as item
    from source

),

renamed as (

    select
        ---------- text: a refusal of an address without a normal form is kept as written
        coalesce({{ text("_normal_recipient") }}, lower({{ text("recipient") }})) as email,
        item['subscriptionId'] as subscription_id,
        item['changeType'] as change_type,
        item['change'] as new_status,
        item['source'] as change_source,

        ---------- timestamps: a change without a causing event carries a time of its own
        case
            when item['timestamp'] is null then {{ epoch_ms_utc("timestamp") }}
            else {{ item_epoch_ms("changes", "timestamp") }}
        end as changed_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from changes

),

parsed as (

    select
        ---------- ids
        {{ key_of(["email", "changed_at", "subscription_id", "change_type", "new_status"]) }}
            as hubspot_subscription_change_id,
        email,
        subscription_id,

        ---------- text: whatever ends the permission to mail counts as withdrawn
        change_type,
        case
            when new_status = 'SUBSCRIBED' then 'granted'
            when new_status in ('UNSUBSCRIBED', 'REPORTED_SPAM', 'BOUNCED') then 'withdrawn'
            when new_status like '%PENDING%' then 'pending'
        end as decision,
        change_source,

        ---------- timestamps
        changed_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from renamed

),

latest as (

    select parsed.* from parsed
    {{ latest_by_key("hubspot_subscription_change_id") }}

)

select * from latest
