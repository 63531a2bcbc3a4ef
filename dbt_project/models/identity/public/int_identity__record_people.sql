with

records as (

    select * from {{ ref('int_identity__records') }}

),

person_records as (

    select * from {{ source('state', 'person_records') }}

),

record_people as (

    select
        records.record_index,
        records.source,
        records.record_type,
        records.record_id,
        records.observed_at,
        records._file,
        records._line,
        records._load_id,
        person_records.person_id
    from records
    inner join person_records
        on
            records.source = person_records.source
            and records.record_type = person_records.record_type
            and records.record_id = person_records.record_id

)

select * from record_people
