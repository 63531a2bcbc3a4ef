with

source as (

    select * from {{ source("marketo", "programs") }}

),

costed as (

    select
        *,
        {{ item_numbers("costs", "cost", "decimal(18, 2)") }} as amounts
    from source

),

renamed as (

    select
        ---------- ids
        {{ text("id") }} as marketo_program_id,

        ---------- text
        {{ text("name") }} as program_name,
        {{ text("type") }} as program_type,
        {{ text("channel") }} as channel,
        {{ text("status") }} as status,
        {{ text("workspace") }} as workspace,
        {{ text("folder_name") }} as folder_name,

        ---------- numerics: no total rather than one that leaves a cost out
        case
            when len(amounts) = list_count(amounts) then list_sum(amounts)::decimal(18, 2)
        end as cost_local,
        null::varchar as currency,

        ---------- times
        {{ marketo_utc("created_at") }} as created_at,
        {{ marketo_utc("updated_at") }} as updated_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from costed

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("marketo_program_id", "updated_at") }}

)

select * from latest
