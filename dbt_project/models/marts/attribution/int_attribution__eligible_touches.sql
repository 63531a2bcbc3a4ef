{#- Views that an earlier version had over this one no longer fit, and whoever reads all of schema
    marts would stumble over them. -#}
{{ config(
    materialized='view',
    pre_hook=[
        'drop view if exists marts.int_attribution__masked',
        'drop view if exists marts.int_attribution__weights',
    ],
) }}

with

conversions as (
    select *
    from {{ ref('fct_conversions') }}
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
        conversions.conversion_id,
        conversions.converted_at,
        types.max_touches,
        people.person_id,
        people.role_weight,
        conversions.converted_at - to_seconds(types.lookback_seconds) as reaches_back_to
    from people
    inner join conversions on people.conversion_id = conversions.conversion_id
    inner join types on conversions.conversion_type = types.conversion_type
),

{{ eligible_touches('conversion_id') }}

select * from positioned
