with

shown as (
    select *
    from {{ ref('conversion_touches') }}
),

conversions as (
    select *
    from {{ ref('fct_conversions') }}
),

journeys as (
    select distinct
        conversion_id,
        touch_count
    from shown
),

numbered as (
    select
        conversion_id,
        touch_count,
        unnest(range(1, touch_count + 1)) as touch_number
    from journeys
),

-- Each touch keeps its number in conversion_touches, so the numbers missing there are those of the
-- touches without consent.
steps as (
    select
        numbered.conversion_id,
        conversions.conversion_type,
        numbered.touch_number,
        numbered.touch_count,
        shown.touched_at,
        coalesce(shown.channel, '(consent withheld)') as channel
    from numbered
    inner join conversions on numbered.conversion_id = conversions.conversion_id
    left join shown
        on
            numbered.conversion_id = shown.conversion_id
            and numbered.touch_number = shown.touch_number
)

select * from steps
