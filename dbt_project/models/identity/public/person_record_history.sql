{{ config(materialized='view') }}

with

person_records as (

    select * from {{ source('state', 'person_records') }}

),

former_person_records as (

    select * from {{ source('state', 'former_person_records') }}

),

history as (

    select
        source,
        record_type,
        record_id,
        person_id,
        since_run,
        until_run
    from former_person_records
    union all
    select
        source,
        record_type,
        record_id,
        person_id,
        since_run,
        null as until_run
    from person_records

)

select * from history
