with

pages as (
    select
        *,
        coalesce(anonymous_id, user_id, web_event_id) as visitor_id,
        coalesce(
            utm_source, utm_medium, utm_campaign, utm_content, utm_term,
            {{ click_ids().keys() | join(", ") }}
        ) is not null as has_campaign,
        {{ key_of([
            "lower(utm_source)", "lower(utm_medium)", "lower(utm_campaign)",
            "lower(utm_content)", "lower(utm_term)",
        ] + click_ids().keys() | list) }} as campaign_key
    from {{ ref('int_web__counted_pages') }}
),

rules as (
    select
        touch_rules.seconds as timeout_seconds,
        session_rules.is_on as is_split_by_campaign
    from {{ ref('touch_rules') }} as touch_rules
    cross join {{ ref('session_rules') }} as session_rules
    where touch_rules.rule = 'session_timeout' and session_rules.rule = 'new_campaign'
),

after_pauses as (
    select
        pages.*,
        rules.is_split_by_campaign,
        coalesce(epoch_us(pages.occurred_at) - epoch_us(
            lag(pages.occurred_at) over (
                partition by pages.visitor_id order by pages.occurred_at, pages.web_event_id
            )
        ) > rules.timeout_seconds * 1000000, true) as is_after_pause
    from pages
    cross join rules
),

visits as (
    select
        *,
        count(*) filter (where is_after_pause) over (
            partition by visitor_id order by occurred_at, web_event_id
            rows between unbounded preceding and current row
        ) as visit_number
    from after_pauses
),

starts as (
    select
        *,
        is_after_pause or (
            is_split_by_campaign and has_campaign and campaign_key is distinct from last_value(
                case when has_campaign then campaign_key end ignore nulls
            ) over (
                partition by visitor_id, visit_number order by occurred_at, web_event_id
                rows between unbounded preceding and 1 preceding
            )
        ) as is_landing
    from visits
),

numbered as (
    select
        web_event_id,
        anonymous_id,
        visitor_id,
        page_url,
        page_host,
        referrer_host,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        {% for name in click_ids() -%}
            {{ name }},
        {% endfor -%}
        collector,
        has_analytics_consent,
        occurred_at,
        is_landing,
        count(*) filter (where is_landing) over (
            partition by visitor_id order by occurred_at, web_event_id
            rows between unbounded preceding and current row
        ) as session_number
    from starts
)

select * from numbered
