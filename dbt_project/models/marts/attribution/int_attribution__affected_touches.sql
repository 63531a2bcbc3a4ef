{{ config(materialized='view', schema='ops') }}

with

journeys as (
    select
        journey_number,
        any_value(credit_conversion_id) as conversion_id,
        any_value(conversion_type) as conversion_type,
        any_value(credited_at) as converted_at
    from {{ ref('int_attribution__affected') }}
    where journey_number is not null
    group by journey_number
),

types as (
    select *
    from {{ ref('conversion_types') }}
),

people as (
    select *
    from {{ ref('int_attribution__people') }}
),

-- Materialized, so that touches are looked up by person: by time alone, far more would match.
reached as materialized (
    select
        journeys.journey_number,
        journeys.converted_at,
        types.max_touches,
        people.person_id,
        people.role_weight,
        journeys.converted_at - to_seconds(types.lookback_seconds) as reaches_back_to
    from people
    inner join journeys on people.conversion_id = journeys.conversion_id
    inner join types on journeys.conversion_type = types.conversion_type
),

{{ eligible_touches('journey_number') }}

select * from positioned
