{#- CTEs from `reached` (person_id, role_weight, reaches_back_to, converted_at, max_touches and what
    `journey` names, the column that tells journeys apart) to `positioned`: the touches that share
    the credit of each journey, numbered in their order. -#}
{% macro eligible_touches(journey) -%}
touches as (
    select
        fct_touches.*,
        channels.is_direct
    from {{ ref('fct_touches') }} as fct_touches
    inner join {{ ref('channels') }} as channels on fct_touches.channel = channels.channel
),

eligible as (
    select
        reached.{{ journey }},
        reached.role_weight,
        reached.max_touches,
        touches.touch_id,
        touches.person_id,
        touches.account_id,
        touches.channel,
        touches.campaign_id,
        touches.touched_at,
        touches.source_priority,
        touches.is_direct,
        touches.is_consented
    from reached
    inner join touches
        on
            reached.person_id = touches.person_id
            and touches.touched_at between reached.reaches_back_to and reached.converted_at
),

ordered as (
    select
        *,
        row_number() over (
            partition by {{ journey }} order by touched_at, source_priority, touch_id
        ) as full_number,
        count(*) over (partition by {{ journey }}) as full_count
    from eligible
),

capped as (
    select
        *,
        greatest(full_count - max_touches, 0) as cut_count
    from ordered
    where full_number = 1 or full_number > full_count - max_touches + 1
),

positioned as (
    select
        * exclude (source_priority, max_touches, full_number, full_count),
        full_count - cut_count as touch_count,
        case when full_number = 1 then 1 else full_number - cut_count end as touch_number
    from capped
)
{%- endmacro %}
