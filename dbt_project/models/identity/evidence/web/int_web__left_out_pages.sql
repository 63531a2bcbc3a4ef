with

pages as (

    select * from {{ ref('int_web__pages') }}

),

hits as (

    select * from {{ ref('int_web__rule_hits') }}

),

others as (

    select * from {{ ref('int_web__site_days') }}
    where not is_counted

),

left_out as (

    select
        pages.web_event_id,
        pages.collector,
        pages.page_host,
        pages.page_path,
        pages.occurred_at,
        coalesce(hits.left_out_reason, 'other_collector') as left_out_reason,
        coalesce(hits.left_out_by, others.counted_by) as left_out_by
    from pages
    left join hits on pages.web_event_id = hits.web_event_id
    left join others
        on
            pages.collector = others.collector
            and coalesce(pages.page_host, '') = others.site
            and cast(pages.occurred_at as date) = others.seen_on
    where hits.web_event_id is not null or others.site is not null

)

select * from left_out
