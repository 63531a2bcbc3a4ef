with

source as (

    select * from {{ source("billing", "customers") }}

),

renamed as (

    select
        ---------- ids
        {{ text("id") }} as billing_customer_id,

        ---------- person
        {{ text("_normal_Email") }} as email,
        {{ text("Name") }} as customer_name,

        ---------- booleans
        {{ as_boolean("Delinquent") }} as is_delinquent,

        ---------- timestamps
        {{ utc_without_offset("Created (UTC)") }} as created_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("billing_customer_id") }}

)

select * from latest
