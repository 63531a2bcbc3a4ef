with

crm_records as (

    select * from {{ ref('int_identity__crm_records') }}

),

event_records as (

    select * from {{ ref('int_identity__event_records') }}

),

unioned as (

    select * from crm_records
    union all
    select * from event_records

),

-- Numbered in the order of their keys, so that the partition does not depend on arrival.
numbered as (

    select
        source,
        record_type,
        record_id,
        first_name,
        last_name,
        observed_at,
        _file,
        _line,
        _load_id,
        hash(source, record_type, record_id) as record_hash,
        (row_number() over (order by source, record_type, record_id) - 1)::integer as record_index
    from unioned
    where record_id is not null

)

select * from numbered
