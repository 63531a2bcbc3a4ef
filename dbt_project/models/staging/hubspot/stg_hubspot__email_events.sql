with

source as (

    select * from {{ source("hubspot", "email_events") }}

),

renamed as (

    select
        ---------- ids
        {{ text("id") }} as hubspot_email_event_id,
        {{ text("emailCampaignId") }} as email_campaign_id,
        {{ text("sentBy.id") }} as sent_event_id,

        ---------- text
        lower({{ text("type") }}) as event_type,
        {{ text("_normal_recipient") }} as email,
        {{ text("url") }} as url,
        {{ query_value("url", "utm_source") }} as utm_source,
        {{ query_value("url", "utm_medium") }} as utm_medium,
        {{ query_value("url", "utm_campaign") }} as utm_campaign,
        {{ query_value("url", "utm_content") }} as utm_content,
        {{ query_value("url", "utm_term") }} as utm_term,

        ---------- timestamps
        {{ epoch_ms_utc("created") }} as occurred_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("hubspot_email_event_id, occurred_at") }}

)

select * from latest
