with

source as (

    select * from {{ source('state', 'rejects') }}

),

listed as (

    select
        load_id,
        source,
        object,
        file,
        line,
        raw_text,
        reason
    from source

)

select * from listed
