{{ config(materialized='view') }}

with

conversions as (
    select *
    from {{ ref('fct_conversions') }}
),

milestones as (
    select *
    from {{ ref('int_attribution__milestones') }}
),

people as (
    select *
    from {{ ref('int_attribution__people') }}
),

-- A hash of several columns is the last one's XORed to the others': it is hashed once more, so that
-- two changes do not cancel each other out in the sum.
touches as (
    select
        person_id,
        sum(hash(hash(
            touch_id, account_id, channel, campaign_id, touched_at, source_priority, is_consented
        ))) as touches_hash
    from {{ ref('fct_touches') }}
    group by person_id
),

groups as (
    select
        people.conversion_id,
        sum(hash(hash(people.person_id, people.role_weight, touches.touches_hash))) as group_hash
    from people
    left join touches on people.person_id = touches.person_id
    group by people.conversion_id
),

models as (
    select sum(hash(hash(attribution_models))) as models_hash
    from {{ ref('attribution_models') }} as attribution_models  -- noqa: AL05
),

types as (
    select sum(hash(hash(conversion_types))) as types_hash
    from {{ ref('conversion_types') }} as conversion_types  -- noqa: AL05
),

direct as (
    select sum(hash(hash(channel, is_direct))) as direct_hash
    from {{ ref('channels') }}
),

-- Whatever else decides, the same for all.
rules as (
    select
        {{ attribution_version() }} as code_version,
        models.models_hash,
        types.types_hash,
        direct.direct_hash
    from models
    cross join types
    cross join direct
),

inputs as (
    select
        conversions.conversion_id,
        conversions.credit_conversion_id,
        conversions.converted_at,
        conversions.currency,
        conversions.revenue_local,
        conversions.revenue_usd,
        credited.conversion_type,
        credited.converted_at as credited_at,
        credited.person_id as credited_person_id,
        credited.account_id as credited_account_id,
        milestones.lead_created_at,
        milestones.opportunity_created_at,
        milestones.won_at,
        groups.group_hash,
        hash(rules) as rules_hash  -- noqa: RF02
    from conversions
    inner join conversions as credited
        on conversions.credit_conversion_id = credited.conversion_id
    inner join milestones on credited.conversion_id = milestones.conversion_id
    left join groups on credited.conversion_id = groups.conversion_id
    cross join rules
),

hashed as (
    select
        * exclude (group_hash, rules_hash),
        hash(inputs) as inputs_hash
    from inputs
)

select * from hashed
