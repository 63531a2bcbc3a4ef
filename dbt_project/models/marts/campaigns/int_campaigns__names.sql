with

parts as (
    select
        *,
        regexp_replace(lower(short_name), '[^a-z0-9]', '', 'g') as name_key,
        (program || segment || quarter || short_name) is not null as is_whole
    from {{ ref('int_campaigns__parts') }}
),

whole as (
    select
        program,
        segment,
        quarter,
        name_key,
        min(program || '_' || segment || '_' || quarter || '_' || short_name) as assembled_name,
        min(campaign_name) filter (
            where campaign_name = program || '_' || segment || '_' || quarter || '_' || short_name
            and regexp_full_match(short_name, '[A-Za-z0-9-]+')
            and lower(short_name) != short_name
        ) as spelled_name
    from parts
    where is_whole
    group by all
),

matches as (
    select
        parts.campaign_name,
        min(whole.program) as program,  -- noqa: RF04
        min(whole.segment) as segment,
        min(whole.quarter) as quarter,  -- noqa: RF04
        min(coalesce(whole.spelled_name, whole.assembled_name)) as canonical_name
    from parts
    inner join whole
        on
            parts.name_key = whole.name_key
            and coalesce(parts.program = whole.program, true)
            and coalesce(parts.segment = whole.segment, true)
            and coalesce(parts.quarter = whole.quarter, true)
    group by parts.campaign_name
    having count(*) = 1
),

named as (
    select
        parts.campaign_name,
        coalesce(matches.canonical_name, parts.campaign_name) as canonical_name,
        coalesce(matches.program, parts.program) as program,  -- noqa: RF04
        coalesce(matches.segment, parts.segment) as segment,
        coalesce(matches.quarter, parts.quarter) as quarter,  -- noqa: RF04
        parts.is_whole
        and parts.campaign_name
        = parts.program || '_' || parts.segment || '_' || parts.quarter || '_' || parts.short_name
        and regexp_full_match(parts.short_name, '[A-Za-z0-9-]+') as is_conventional
    from parts
    left join matches on parts.campaign_name = matches.campaign_name
)

select * from named
