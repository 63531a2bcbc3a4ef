with

unioned as (

    select
        *,
        'segment' as collector
    from {{ ref('stg_web_events__pages') }}
    union all by name
    select
        *,
        'ga4' as collector
    from {{ ref('stg_web_events__ga4_pages') }}

),

pages as (

    select
        ---------- ids
        web_event_id,
        collector,
        anonymous_id,
        user_id,

        ---------- page
        page_url,
        page_host,
        page_path,
        referrer_host,
        user_agent,
        traffic_type,

        ---------- campaign
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        {% for name in click_ids() -%}
            {{ name }},
        {% endfor %}
        ---------- booleans, timestamps
        has_analytics_consent,
        has_advertising_consent,
        occurred_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from unioned

)

select * from pages
