{{ config(materialized='view') }}

with

touches as materialized (
    select *
    from {{ ref('int_attribution__eligible_touches') }}
),

-- One row, in which the rule of each model is a struct.
rules as (
    select
        {% call(model) each_model() %}
            any_value(rules) filter (where rules.model = '{{ model }}') as {{ model }}
        {% endcall %}
    from {{ ref('attribution_models') }} as rules
),

-- The number of the touch that holds each milestone, 0 where none does.
journeys as (
    select
        touches.conversion_id,
        count(*) as touch_count,
        1 as first_number,
        count(*) as last_number,
        coalesce(max(touch_number) filter (where not is_direct), count(*))
            as last_non_direct_number,
        coalesce(max(touch_number) filter (where touched_at <= lead_created_at), 0)
            as lead_creation_number,
        coalesce(max(touch_number) filter (where touched_at <= opportunity_created_at), 0)
            as opportunity_creation_number,
        coalesce(max(touch_number) filter (where touched_at <= won_at), 0) as won_number,
        {% call(model) each_model() %}
            {{ exact_sum(decay(model)) }}::double as {{ model }}_decays
        {% endcall %}
    from touches
    cross join rules
    group by touches.conversion_id
),

counted as (
    select
        journeys.*,
        {% call(model) each_model() %}
            {{ weight_there(model) }} as {{ model }}_there,
            touch_count - ({{ holders(model) }}) as {{ model }}_others
        {% endcall %}
    from journeys
    cross join rules
),

-- A touch that scores has its score over the total as weight, any other one the rest.
shared as (
    select
        counted.*,
        {% call(model) each_model() %}
            case
                when {{ model }}.half_life_seconds is not null then {{ model }}_decays
                when {{ model }}_others = 0 then {{ model }}_there
                else {{ model }}_there / (1 - {{ model }}.other_weight)
            end as {{ model }}_total,
            if({{ model }}_there > 0, {{ model }}.other_weight, 1) / {{ model }}_others
                as {{ model }}_rest
        {% endcall %}
    from counted
    cross join rules
),

scored as (
    select
        touches.*,
        {% for milestone in milestones() -%}
            touches.touch_number = shared.{{ milestone }}_number as is_{{ milestone }},
        {% endfor -%}
        {% call(model) each_model() %}
            {{ model }}_total,
            {{ model }}_rest,
            coalesce({{ decay(model) }}, {{ weight_held(model) }}) as {{ model }}_score
        {% endcall %}
    from touches
    inner join shared on touches.conversion_id = shared.conversion_id
    cross join rules
),

weighted as (
    select
        * exclude (
            {% call(model) each_model() %}
                {{ model }}_total, {{ model }}_rest, {{ model }}_score
            {% endcall %}
        ),
        {% call(model) each_model() %}
            if({{ model }}_score > 0, {{ model }}_score / {{ model }}_total, {{ model }}_rest)
                as {{ model }}_weight
        {% endcall %}
    from scored
)

select * from weighted
