with

dates as (
    select
        spend_date as seen_on,
        true as is_media
    from {{ ref('fct_ad_spend') }}
    union all
    select
        cast(touched_at as date) as seen_on,
        true as is_media
    from {{ ref('fct_touches') }}
    union all
    select
        cast(converted_at as date) as seen_on,
        false as is_media
    from {{ ref('fct_conversions') }}
),

ends as (
    select
        min(seen_on) as first_date,
        max(seen_on) as last_date,
        min(seen_on) filter (where is_media) as first_media_date
    from dates
),

numbered as (
    select
        first_media_date,
        unnest(generate_series(
            date_trunc('week', first_date), date_trunc('week', last_date), interval 7 day
        )) as monday
    from ends
),

weeks as (
    select
        cast(monday as date) as week_start,
        monday >= first_media_date and monday + interval 7 day <= {{ as_of() }} + interval 1 second
            as is_complete
    from numbered
)

select * from weeks
