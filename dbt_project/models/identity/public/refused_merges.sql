with

refused_merges as (

    select * from {{ source('state', 'refused_merges') }}

),

person_records as (

    select * from {{ source('state', 'person_records') }}

),

named as (

    select
        refused_merges.id_type,
        refused_merges.id_value,
        refused_merges.scope,
        mine.person_id,
        theirs.person_id as other_person_id,
        refused_merges.source,
        refused_merges.record_type,
        refused_merges.record_id,
        refused_merges.other_source,
        refused_merges.other_record_type,
        refused_merges.other_record_id,
        refused_merges.limit_id_type,
        refused_merges.limit_value,
        refused_merges.would_be,
        refused_merges.at,
        refused_merges.run_id
    from refused_merges
    inner join person_records as mine
        on
            refused_merges.source = mine.source
            and refused_merges.record_type = mine.record_type
            and refused_merges.record_id = mine.record_id
    inner join person_records as theirs
        on
            refused_merges.other_source = theirs.source
            and refused_merges.other_record_type = theirs.record_type
            and refused_merges.other_record_id = theirs.record_id

)

select * from named
