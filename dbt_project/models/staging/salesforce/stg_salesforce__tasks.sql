with

source as (

    select * from {{ source("salesforce", "tasks") }}

),

renamed as (

    select
        ---------- ids
        {{ text("Id") }} as salesforce_task_id,
        {{ text("WhoId") }} as who_id,
        {{ text("WhatId") }} as what_id,
        {{ text("AccountId") }} as salesforce_account_id,
        {{ text("OwnerId") }} as owner_id,

        ---------- text
        {{ text("Subject") }} as subject,
        {{ text("Type") }} as task_type,
        {{ text("TaskSubtype") }} as task_subtype,
        {{ text("Status") }} as status,

        ---------- booleans
        {{ as_boolean("IsClosed") }} as is_closed,
        {{ as_boolean("IsDeleted") }} as is_deleted,

        ---------- times
        {{ as_date("ActivityDate") }} as activity_date,
        {{ utc("CreatedDate") }} as created_at,
        {{ utc("CompletedDateTime") }} as completed_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("salesforce_task_id") }}

)

select * from latest
