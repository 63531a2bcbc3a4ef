with

own_names as (

    select * from {{ ref('int_identity__own_names') }}

),

borrowed_names as (

    select * from {{ ref('int_identity__borrowed_names') }}

),

record_names as (

    select
        own_names.record_index,
        own_names.given_key is not null or own_names.family_key is not null as is_own_name,
        if(is_own_name, own_names.given_key, borrowed_names.given_key) as given_key,
        if(is_own_name, own_names.family_key, borrowed_names.family_key) as family_key
    from own_names
    left join borrowed_names on own_names.record_index = borrowed_names.record_index

)

select * from record_names
