with

conversions as (
    select *
    from {{ ref('fct_conversions') }}
),

steps as (
    select *
    from {{ ref('int_attribution__steps') }}
),

listed as (
    select
        conversion_id,
        list(channel order by touch_number) as path,  -- noqa: RF04
        max(touched_at) filter (where touch_number = 1) as first_touched_at
    from steps
    group by conversion_id
),

paths as (
    select
        conversions.conversion_id,
        conversions.conversion_type,
        conversions.revenue_usd,
        coalesce(listed.path, cast([] as varchar[])) as path,  -- noqa: RF04
        coalesce(len(listed.path), 0) as touches,
        coalesce(listed.path[1], '(unattributed)') as first_channel,
        epoch_us(conversions.converted_at) - epoch_us(listed.first_touched_at)
            as microseconds_to_convert
    from conversions
    left join listed on conversions.conversion_id = listed.conversion_id
)

select * from paths
