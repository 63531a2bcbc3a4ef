with

unioned as (
    select *
    from {{ ref('int_campaigns__unioned') }}
),

names as (
    select *
    from {{ ref('int_campaigns__names') }}
),

canonical_names as (
    select
        canonical_name,
        min(program) as program,  -- noqa: RF04
        min(segment) as segment,
        min(quarter) as quarter,  -- noqa: RF04
        bool_or(is_conventional) as is_conventional
    from names
    group by canonical_name
),

assigned as (
    select *
    from {{ ref('int_channels__assigned') }}
),

named as (
    select
        unioned.*,
        coalesce(
            names.canonical_name, unioned.campaign_name,
            unioned.campaign_source || ':' || unioned.source_campaign_id
        ) as canonical_name,
        coalesce(names.is_conventional, canonical_names.is_conventional, false)
            as is_conventional,
        coalesce(names.program, canonical_names.program) as program,  -- noqa: RF04
        coalesce(names.segment, canonical_names.segment) as segment,
        coalesce(names.quarter, canonical_names.quarter) as quarter  -- noqa: RF04
    from unioned
    left join names on unioned.campaign_name = names.campaign_name
    left join canonical_names on unioned.campaign_name = canonical_names.canonical_name
),

campaigns as (
    select  -- noqa: ST06
        ---------- ids
        named.campaign_source || ':' || named.source_campaign_id as campaign_id,
        named.campaign_source,
        named.source_campaign_id,
        ---------- text
        named.campaign_name,
        named.canonical_name,
        named.program,
        named.segment,
        named.quarter,
        coalesce(named.known_channel, assigned.channel) as channel,
        ---------- booleans
        named.is_conventional,
        ---------- dates
        named.start_date,
        named.end_date
    from named
    left join assigned
        on
            named.touch_type = assigned.touch_type
            and named.utm_source is not distinct from assigned.utm_source
            and named.utm_medium is not distinct from assigned.utm_medium
            and named.program is not distinct from assigned.program
            and named.campaign_type is not distinct from assigned.campaign_type
            and assigned.referrer_host is null
            and assigned.click_id_type is null
)

select * from campaigns
