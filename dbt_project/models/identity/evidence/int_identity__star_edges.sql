with

links as (

    select * from {{ ref('int_identity__links') }}
    where is_linking

),

linking_values as (

    select * from {{ ref('int_identity__linking_values') }}

),

star_edges as (

    select
        linking_values.first_record_index,
        links.record_index,
        linking_values.value_index
    from links
    inner join linking_values on links.value_hash = linking_values.value_hash
    where links.record_index != linking_values.first_record_index

)

select * from star_edges
