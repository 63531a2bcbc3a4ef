with

source as (

    select * from {{ source("marketo", "program_members") }}

),

renamed as (

    select
        ---------- ids
        {{ marketo_text("programId") }} as marketo_program_id,
        {{ marketo_text("leadId") }} as marketo_lead_id,

        ---------- text
        {{ marketo_text("statusName") }} as status,

        ---------- booleans
        {{ as_boolean("reachedSuccess") }} as has_reached_success,
        {{ as_boolean("acquiredBy") }} as is_acquired_by_program,

        ---------- times
        {{ marketo_utc("membershipDate") }} as member_since_at,
        {{ marketo_utc("reachedSuccessDate") }} as reached_success_at,
        {{ marketo_utc("createdAt") }} as created_at,
        {{ marketo_utc("updatedAt") }} as updated_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("marketo_program_id, marketo_lead_id", "updated_at") }}

)

select * from latest
