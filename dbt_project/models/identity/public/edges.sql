{{ config(materialized='view') }}

with

log as (

    select * from {{ source('state', 'edges') }}

),

records as (

    select
        record_hash,
        source,
        record_type,
        record_id
    from {{ source('state', 'person_records') }}
    union
    select
        record_hash,
        source,
        record_type,
        record_id
    from {{ source('state', 'former_person_records') }}

),

identifier_values as (

    select * from {{ ref('int_identity__identifier_values') }}

),

edges as (

    select
        ---------- the record's end
        records.source,
        records.record_type,
        records.record_id,

        ---------- the value's end
        log.id_type,
        log.id_value,
        log.scope,

        ---------- why
        log.rule,
        log.rule_version,
        log.confidence,
        log.is_linking,
        identifier_values.reason,

        ---------- where it was read
        log.observed_at,
        log._file,
        log._line,
        log._load_id,

        ---------- since when, and whether it still holds
        log.link_hash,
        log.run_number,
        log.is_observed,
        log.is_observed
        and row_number() over (
            partition by log.link_hash order by log.run_number desc
        ) = 1 as is_current
    from log
    inner join records on log.record_hash = records.record_hash
    left join identifier_values
        on
            log.id_type = identifier_values.id_type
            and log.id_value = identifier_values.id_value

)

select * from edges
