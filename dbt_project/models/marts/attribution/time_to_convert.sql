with

paths as (
    select *
    from {{ ref('int_attribution__paths') }}
),

measured as (
    select
        conversion_type,
        first_channel,
        count(*) as conversions,
        avg(microseconds_to_convert) / 86400e6 as mean_days,
        median(microseconds_to_convert) / 86400e6 as median_days,
        quantile_cont(microseconds_to_convert, 0.9) / 86400e6 as p90_days,
        median(touches) as median_touches
    from paths
    group by conversion_type, first_channel
)

select * from measured
