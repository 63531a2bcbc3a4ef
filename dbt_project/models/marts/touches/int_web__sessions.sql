with

pages as (
    select *
    from {{ ref('int_web__numbered_pages') }}
),

identifiers as (
    select
        id_value as anonymous_id,
        person_id
    from {{ ref('identifiers') }}
    where id_type = 'anonymous_id'
),

visitors as (
    select
        record_id as anonymous_id,
        person_id
    from {{ ref('person_records') }}
    where source = 'web_events' and record_type = 'visitor'
),

totals as (
    select
        visitor_id,
        session_number,
        max(occurred_at) as ended_at,
        count(*) as page_count,
        arg_min(has_analytics_consent, (occurred_at, web_event_id))
        filter (where has_analytics_consent is not null) as has_analytics_consent
    from pages
    group by all
),

landings as (
    select
        *,
        lower(referrer_host) as referrer,
        regexp_replace(lower(page_host), '^www\.', '') as site
    from pages
    where is_landing
),

sessions as (
    select
        ---------- ids
        's_' || left(md5(landings.web_event_id), 16) as session_id,
        landings.web_event_id,
        landings.visitor_id,
        landings.anonymous_id,
        landings.collector,
        coalesce(identifiers.person_id, visitors.person_id) as person_id,
        ---------- landing
        landings.site as landing_host,
        {{ path_without_query('landings.page_url') }} as landing_path,
        landings.utm_source,
        landings.utm_medium,
        landings.utm_campaign,
        landings.utm_content,
        landings.utm_term,
        case
            {% for name in click_ids() -%}
                when landings.{{ name }} is not null then '{{ name }}'
            {% endfor -%}
        end as click_id_type,
        case
            when landings.referrer = landings.site then null
            when ends_with(landings.referrer, '.' || landings.site) then null
            when ends_with(landings.site, '.' || landings.referrer) then null
            else landings.referrer
        end as referrer_host,
        ---------- numerics, booleans, timestamps
        totals.page_count,
        totals.has_analytics_consent,
        landings.occurred_at as started_at,
        totals.ended_at
    from landings
    inner join totals
        on
            landings.visitor_id = totals.visitor_id
            and landings.session_number = totals.session_number
    left join identifiers on landings.anonymous_id = identifiers.anonymous_id
    left join visitors on landings.anonymous_id = visitors.anonymous_id
)

select * from sessions
