with

person_records as (

    select * from {{ source('state', 'person_records') }}

),

-- Identify calls and signed-in devices are evidence inside the graph, not records of their own.
public_records as (

    select
        source,
        record_type,
        record_id,
        person_id
    from person_records
    where record_type in ('lead', 'contact', 'form_submission', 'visitor')

)

select * from public_records
