-- Fails if periods of one experiment and channel overlap, or somebody assigned is not in all of
-- them. This exists because lift_results compares the same people over all periods, and counts a
-- touch or a day's spend once.
with

assignments as (
    select *
    from {{ source('experiments_state', 'holdout_assignments') }}
),

periods as (
    select distinct
        experiment,
        channel,
        starts_at,
        ends_at
    from assignments
),

ordered as (
    select
        *,
        lead(starts_at, 1, ends_at)
            over (partition by experiment, channel order by starts_at, ends_at) as next_starts_at,
        count(*) over (partition by experiment, channel) as period_count
    from periods
),

assigned as (
    select
        experiment,
        channel,
        person_id,
        arm,
        count(distinct starts_at) as period_count
    from assignments
    group by all
),

broken as (
    select distinct
        ordered.experiment,
        ordered.channel
    from ordered
    inner join assigned
        on ordered.experiment = assigned.experiment and ordered.channel = assigned.channel
    where
        ordered.starts_at >= ordered.ends_at
        or ordered.next_starts_at < ordered.ends_at
        or ordered.period_count <> assigned.period_count
)

select * from broken
