with

source as (

    select * from {{ source("salesforce", "events") }}

),

renamed as (

    select
        ---------- ids
        {{ text("Id") }} as salesforce_event_id,
        {{ text("WhoId") }} as who_id,
        {{ text("WhatId") }} as what_id,
        {{ text("AccountId") }} as salesforce_account_id,
        {{ text("OwnerId") }} as owner_id,

        ---------- text
        {{ text("Subject") }} as subject,
        {{ text("Type") }} as event_type,
        {{ text("EventSubtype") }} as event_subtype,

        ---------- numerics
        {{ as_number("DurationInMinutes", "integer") }} as duration_minutes,

        ---------- booleans
        {{ as_boolean("IsAllDayEvent") }} as is_all_day,
        {{ as_boolean("IsChild") }} as is_child,
        {{ as_boolean("IsDeleted") }} as is_deleted,

        ---------- times: midnight UTC of an all-day event stands for a day, not for a moment
        {{ as_date("ActivityDate") }} as event_date,
        case when is_all_day then null else {{ utc("StartDateTime") }} end as starts_at,
        case when is_all_day then null else {{ utc("EndDateTime") }} end as ends_at,
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
    {{ latest_by_key("salesforce_event_id", "updated_at") }}

)

select * from latest
