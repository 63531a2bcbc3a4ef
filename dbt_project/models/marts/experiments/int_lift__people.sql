with

assignments as (
    select *
    from {{ source('experiments_state', 'holdout_assignments') }}
),

aliases as (
    select *
    from {{ ref('aliases') }}
),

people as (
    select *
    from {{ ref('dim_people') }}
),

todays as (
    select  -- noqa: ST06
        assignments.experiment,
        assignments.channel,
        coalesce(aliases.person_id, assignments.person_id) as person_id,
        assignments.arm,
        assignments.starts_at,
        assignments.ends_at
    from assignments
    left join aliases on assignments.person_id = aliases.alias_id
),

assigned as (
    select
        experiment,
        channel,
        person_id,
        if(count(distinct arm) = 1, min(arm), 'both') as arm,
        min(starts_at) as starts_at,
        max(ends_at) as ends_at
    from todays
    group by all
),

-- People of one company decide together: `decision_unit` is the company, or the person alone.
grouped as (
    select
        assigned.*,
        coalesce(people.account_id, assigned.person_id) as decision_unit
    from assigned
    left join people on assigned.person_id = people.person_id
)

select * from grouped
