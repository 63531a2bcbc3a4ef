{{ config(materialized="view", schema="ops") }}

with

loads as (

    select * from {{ source('state', 'loads') }}
    where status in ('loaded', 'duplicate')

),

-- One content under several names is one load, and which name came first does not matter.
contents as (

    select
        source,
        object,
        content_hash,
        max(load_id) filter (where status = 'loaded') as load_id,
        max(load_seq) as load_seq,
        min(file) as first_file,
        max(file_as_of) as file_as_of,
        coalesce(max(file_as_of), max(data_as_of)) as as_of,
        max(rows_loaded) as rows_loaded,
        max(rows_rejected) as rows_rejected
    from loads
    group by all

),

-- Load order decides only between contents that one name had, one after the other.
placed as (

    select
        *,
        row_number() over (order by as_of nulls first, first_file, load_seq) as place
    from contents
    where load_id is not null

),

-- Files whose names give one date are one snapshot; the same name again replaces its part.
grouped as (

    select
        *,
        if(
            file_as_of is null
            or place < max(place) over (partition by source, object, file_as_of, first_file),
            place,
            max(place) over (partition by source, object, file_as_of)
        ) as snapshot_place
    from placed

),

-- A snapshot proves that a record is gone if it holds rows and none of its lines was rejected.
proven as (

    select
        *,
        sum(rows_loaded) over parts > 0 and sum(rows_rejected) over parts = 0 as is_whole
    from grouped
    window parts as (partition by source, object, snapshot_place)

),

ordered as (

    select
        load_id,
        source,
        object,
        first_file,
        place,
        snapshot_place,
        as_of,
        coalesce(
            snapshot_place
            < max(snapshot_place) filter (where is_whole) over (partition by source, object),
            false
        ) as is_past
    from proven

)

select * from ordered
