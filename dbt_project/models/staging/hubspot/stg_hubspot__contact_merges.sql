with

exported as (

    select * from {{ ref("stg_hubspot__contacts") }}

),

returned as (

    select * from {{ ref("stg_hubspot__contacts_api") }}

),

merged as (

    select
        unnest(merged_contact_ids) as merged_contact_id,
        hubspot_contact_id as surviving_contact_id,
        _file,
        _line,
        _load_id
    from exported
    union all
    select
        unnest(merged_contact_ids) as merged_contact_id,
        hubspot_contact_id as surviving_contact_id,
        _file,
        _line,
        _load_id
    from returned

),

latest as (

    select merged.* from merged
    {{ latest_by_key("merged_contact_id") }}

)

select * from latest
