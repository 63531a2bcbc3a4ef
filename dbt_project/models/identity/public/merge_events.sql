with

state_events as (

    select * from {{ source('state', 'merge_events') }}

),

merge_events as (

    select
        state_events.event_number,
        state_events.event,
        state_events.person_id,
        state_events.other_person_id,
        state_events.at,
        state_events.rule,
        state_events.rule_version,
        state_events.confidence,
        state_events.run_id
    from state_events

)

select * from merge_events
