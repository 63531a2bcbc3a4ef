with

activities as (

    select * from {{ ref("stg_marketo__activities") }}
    where activity_type = 'merge_leads'

),

renamed as (

    select
        ---------- ids: a list of numbers, or the same as text
        unnest(
            regexp_extract_all({{ json_text("attributes", '$."Merge IDs"') }}, '[0-9]+')
        ) as merged_lead_id,
        marketo_lead_id as surviving_lead_id,
        marketo_activity_id,

        ---------- booleans
        {{ json_boolean("attributes", '$."Merged in Sales"') }} as is_merged_in_salesforce,

        ---------- timestamps
        occurred_at as merged_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from activities

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("merged_lead_id", "merged_at") }}

)

select * from latest
