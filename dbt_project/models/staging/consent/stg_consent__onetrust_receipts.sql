with

source as (

    select * from {{ source("consent", "onetrust_receipts") }}

),

renamed as (

    select
        ---------- ids
        {{ text("receiptId") }} as onetrust_receipt_id,
        coalesce({{ text("_normal_identifier") }}, {{ text("identifier") }}) as subject_identifier,
        lower({{ text("purposeGuid") }}) as purpose,
        {{ text("collectionPointUUID") }} as collection_point_id,
        {{ text("_normal_identifier") }} as email,

        ---------- text
        lower({{ text("transactionType") }}) as transaction_type,
        case upper({{ text("transactionType") }})
            when 'CONFIRMED' then 'granted'
            when 'OPT_IN' then 'granted'
            when 'NOTGIVEN' then 'denied'
            when 'WITHDRAWN' then 'withdrawn'
            when 'OPT_OUT' then 'withdrawn'
            when 'HARD_OPT_OUT' then 'withdrawn'
            when 'EXPIRED' then 'withdrawn'
            when 'PENDING' then 'pending'
        end as decision,

        ---------- numerics
        {{ as_plain_number("purposeVersion", 0, "bigint") }} as purpose_version,

        ---------- booleans
        {{ as_boolean("test") }} as is_test,

        ---------- timestamps
        coalesce({{ utc("interactionDate") }}, {{ utc("consentDate") }}) as decided_at,
        {{ utc("expiryDate") }} as expires_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("onetrust_receipt_id, subject_identifier, purpose, transaction_type") }}

)

select * from latest
