{{ config(materialized='view') }}

with

touches as materialized (
    select *
    from {{ ref('int_attribution__eligible_touches') }}
),

-- One row, in which the rule of each model is a struct.
rules as (
    select
        {% for model in attribution_models() -%}
            any_value(rules) filter (where rules.model = '{{ model }}') as {{ model }}
            {%- if not loop.last %},{% endif %}
        {% endfor -%}
    from {{ ref('attribution_models') }} as rules
),

-- The number of the touch that holds each milestone, 0 where none does: as many as came before.
journeys as (
    select
        touches.conversion_id,
        1 as first_number,
        count(*) as touch_count,
        count(*) as last_number,
        coalesce(max(touches.touch_number) filter (where not touches.is_direct), count(*))
            as last_non_direct_number,
        count(*) filter (where touches.touched_at <= touches.lead_created_at)
            as lead_creation_number,
        count(*) filter (where touches.touched_at <= touches.opportunity_created_at)
            as opportunity_creation_number,
        count(*) filter (where touches.touched_at <= touches.won_at) as won_number,
        {% for model in attribution_models() -%}
            {{ exact_sum(decay(model)) }}::double as {{ model }}_decays
            {%- if not loop.last %},{% endif %}
        {% endfor -%}
    from touches
    cross join rules
    group by touches.conversion_id
),

-- A touch that scores has its score over the total as weight, any other one the rest.
shared as (
    select
        journeys.*,
        {% for model in attribution_models() -%}
            {{ weight_there(model) }} as {{ model }}_there,
            journeys.touch_count - ({{ holders(model) }}) as {{ model }}_others,
            case
                when {{ model }}.half_life_seconds is not null then {{ model }}_decays
                when {{ model }}_others = 0 then {{ model }}_there
                else {{ model }}_there / (1 - {{ model }}.other_weight)
            end as {{ model }}_total,
            case
                when {{ model }}.half_life_seconds is not null then 0
                when {{ model }}_there = 0 then 1 / {{ model }}_others
                else {{ model }}.other_weight / {{ model }}_others
            end as {{ model }}_rest
            {%- if not loop.last %},{% endif %}
        {% endfor -%}
    from journeys
    cross join rules
),

weighted as (
    select
        touches.conversion_id,
        touches.touch_id,
        touches.person_id,
        touches.account_id,
        touches.channel,
        touches.campaign_id,
        touches.touched_at,
        touches.is_consented,
        touches.cut_count,
        touches.touch_count,
        touches.touch_number,
        {% for milestone in milestones() -%}
            touches.touch_number = shared.{{ milestone }}_number as is_{{ milestone }},
        {% endfor -%}
        {% for model in attribution_models() -%}
            coalesce({{ decay(model) }}, {{ weight_held(model) }}) as {{ model }}_score,
            if({{ model }}_score > 0, {{ model }}_score / {{ model }}_total, {{ model }}_rest)
                as {{ model }}_weight
            {%- if not loop.last %},{% endif %}
        {% endfor -%}
    from touches
    inner join shared on touches.conversion_id = shared.conversion_id
    cross join rules
)

select * from weighted
