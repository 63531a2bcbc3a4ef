with

source as (

    select * from {{ source("consent", "segment_preferences") }}
    where lower(trim(event)) = 'segment consent preference updated'

),

parsed as (

    select
        *,
        {{ as_json("preferences") }} as answers
    from source

),

-- An object without categories denies them all; what is not an object decides nothing.
answered as (

    select
        *,
        unnest(
            case
                when json_type(answers) = 'OBJECT'
                    then if(
                        len(json_keys(answers)) = 0, ['(all)'], list_distinct(json_keys(answers))
                    )
            end
        ) as category
    from parsed

),

valued as (

    select
        *,
        if(
            len(json_keys(answers)) = 0,
            'false',
            json_extract_string(
                answers, '/' || replace(replace(category, '~', '~0'), '/', '~1')
            )
        ) as answer
    from answered

),

renamed as (

    select
        ---------- ids
        {{ text("message_id") }} as segment_message_id,
        trim(category) as purpose,
        {{ text("anonymous_id") }} as anonymous_id,
        {{ text("user_id") }} as user_id,
        {{ text("_normal_email") }} as email,

        ---------- text
        case lower(answer) when 'true' then 'granted' when 'false' then 'denied' end as decision,

        ---------- timestamps
        {{ utc("timestamp") }} as decided_at,
        {{ utc("received_at") }} as received_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from valued

),

latest as (

    select renamed.* exclude (received_at) from renamed  -- noqa: RF02
    {{ latest_by_key("segment_message_id, purpose", "received_at") }}

)

select * from latest
