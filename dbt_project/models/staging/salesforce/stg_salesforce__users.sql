with

source as (

    select * from {{ source("salesforce", "users") }}

),

renamed as (

    select
        ---------- ids
        {{ text("Id") }} as salesforce_user_id,
        {{ text("ManagerId") }} as manager_id,
        {{ text("UserRoleId") }} as user_role_id,

        ---------- person
        {{ text("Name") }} as full_name,
        {{ text("_normal_Email") }} as email,
        {{ text("Title") }} as title,
        {{ text("Department") }} as department,

        ---------- text
        {{ text("UserType") }} as user_type,

        ---------- booleans
        {{ as_boolean("IsActive") }} as is_active,

        ---------- times
        {{ utc("CreatedDate") }} as created_at,
        {{ utc("SystemModstamp") }} as updated_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("salesforce_user_id", "updated_at") }}

)

select * from latest
