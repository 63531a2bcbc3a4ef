with

pages as (

    select * from {{ ref('int_web__pages') }}

),

left_out as (

    select * from {{ ref('int_web__left_out_pages') }}

),

counted as (

    select
        ---------- ids
        pages.web_event_id,
        pages.collector,
        pages.anonymous_id,
        pages.user_id,

        ---------- page
        pages.page_url,
        pages.page_host,
        pages.referrer_host,

        ---------- campaign
        pages.utm_source,
        pages.utm_medium,
        pages.utm_campaign,
        pages.utm_content,
        pages.utm_term,
        {% for name in click_ids() -%}
            pages.{{ name }},
        {% endfor %}
        ---------- booleans, timestamps
        pages.has_analytics_consent,
        pages.occurred_at,

        ---------- lineage
        pages._file,
        pages._line,
        pages._load_id
    from pages
    left join left_out on pages.web_event_id = left_out.web_event_id
    where left_out.web_event_id is null

)

select * from counted
