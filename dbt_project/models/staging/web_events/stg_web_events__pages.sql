with

source as (

    select * from {{ source("web_events", "events") }}
    where lower(type) = 'page'

),

renamed as (

    select
        ---------- ids
        {{ text("message_id") }} as web_event_id,
        {{ text("anonymous_id") }} as anonymous_id,
        {{ text("user_id") }} as user_id,

        ---------- page
        {{ text("url") }} as page_url,
        {{ url_host("page_url") }} as page_host,
        {{ path_without_query("page_url") }} as page_path,
        {{ text("title") }} as page_title,
        -- RudderStack writes $direct where there is no referrer, Segment nothing
        nullif({{ text("referrer") }}, '$direct') as referrer_url,
        {{ url_host("referrer_url") }} as referrer_host,

        ---------- campaign: the URL first, then what the library parsed
        coalesce({{ query_value("url", "utm_source") }}, {{ json_value("campaign", "$.source") }})
            as utm_source,
        coalesce({{ query_value("url", "utm_medium") }}, {{ json_value("campaign", "$.medium") }})
            as utm_medium,
        coalesce({{ query_value("url", "utm_campaign") }}, {{ json_value("campaign", "$.name") }})
            as utm_campaign,
        coalesce(
            {{ query_value("url", "utm_content") }}, {{ json_value("campaign", "$.content") }}
        ) as utm_content,
        coalesce({{ query_value("url", "utm_term") }}, {{ json_value("campaign", "$.term") }})
            as utm_term,
        {% for name, parameter in click_ids().items() -%}
            {{ query_value("url", parameter) }} as {{ name }},
        {% endfor -%}
        {{ text("user_agent") }} as user_agent,

        ---------- booleans
        {{ json_boolean("consent", "$.analytics") }}
            as has_analytics_consent,
        {{ json_boolean("consent", "$.advertising") }}
            as has_advertising_consent,

        ---------- timestamps
        {{ utc("timestamp") }} as occurred_at,
        {{ utc("received_at") }} as received_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* exclude (received_at) from renamed  -- noqa: RF02
    {{ latest_by_key("web_event_id", "received_at") }}

)

select * from latest
