with

source as (

    select * from {{ source("web_events", "ga4_events") }}
    where lower(event_name) = 'page_view'

),

renamed as (

    select
        ---------- ids: an event has none, so all that tells two apart is taken together
        {{ key_of([
            text("event_timestamp"), text("event_name"), text("user_pseudo_id"), text("user_id"),
            text("event_bundle_sequence_id"), text("batch_page_id"), text("batch_ordering_id"),
            text("batch_event_index"), text("ga_session_id"), text("page_location"),
        ]) }} as web_event_id,
        {{ text("user_pseudo_id") }} as anonymous_id,
        {{ text("user_id") }} as user_id,

        ---------- page
        {{ text("page_location") }} as page_url,
        {{ url_host("page_url") }} as page_host,
        {{ path_without_query("page_url") }} as page_path,
        {{ text("page_title") }} as page_title,
        {{ text("page_referrer") }} as referrer_url,
        {{ url_host("referrer_url") }} as referrer_host,

        ---------- campaign: the URL first, then what GA4 collected
        {% for name, collected in {
            "source": "source", "medium": "medium", "campaign": "campaign_name",
            "content": "content", "term": "term",
        }.items() -%}
            coalesce(
                {{ query_value("page_location", "utm_" ~ name) }},
                {{ json_value("collected_traffic_source", "$.manual_" ~ collected) }}
            ) as utm_{{ name }},
        {% endfor -%}
        {% for name, parameter in click_ids().items() -%}
            {% if name in ["gclid", "dclid"] -%}
                coalesce(
                    {{ query_value("page_location", parameter) }},
                    {{ json_value("collected_traffic_source", "$." ~ name) }}
                ) as {{ name }},
            {% else -%}
                {{ query_value("page_location", parameter) }} as {{ name }},
            {% endif -%}
        {% endfor %}
        ---------- visitor
        {{ text("traffic_type") }} as traffic_type,
        {{ text("device_category") }} as device_category,
        {{ text("country") }} as country,

        ---------- booleans
        {{ as_yes_no("analytics_storage") }} as has_analytics_consent,
        {{ as_yes_no("ads_storage") }} as has_advertising_consent,

        ---------- timestamps
        {{ epoch_us_utc("event_timestamp") }} as occurred_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("web_event_id") }}

)

select * from latest
