with

pages as (

    select * from {{ ref('int_web__pages') }}
    where isfinite(occurred_at)

),

hits as (

    select * from {{ ref('int_web__rule_hits') }}

),

rules as (

    select
        *,
        coalesce(valid_to, date '9999-12-31') as valid_until
    from {{ ref('web_collectors') }}

),

site_days as (

    select
        pages.collector,
        cast(pages.occurred_at as date) as seen_on,
        coalesce(pages.page_host, '') as site,
        count(*) as page_count
    from pages
    left join hits on pages.web_event_id = hits.web_event_id
    where hits.web_event_id is null
    group by all

),

-- A collector that no row names comes last, and alone it still counts.
ranked as (

    select
        site_days.collector,
        site_days.site,
        site_days.seen_on,
        site_days.page_count,
        coalesce(min(rules.priority), 1000000) as priority,
        coalesce(arg_min(rules.rule, rules.priority), 'no_row') as rule
    from site_days
    left join rules
        on
            site_days.collector = rules.collector
            and regexp_full_match(site_days.site, rules.host, 'i')
            and site_days.seen_on >= rules.valid_from
            and site_days.seen_on < rules.valid_until
    group by all

),

chosen as (

    select
        collector,
        site,
        seen_on,
        page_count,
        first_value(rule) over choice as counted_by,
        row_number() over choice = 1 as is_counted
    from ranked
    window choice as (partition by site, seen_on order by priority, collector)

)

select * from chosen
