{{ config(materialized='view') }}

with

weights as materialized (
    select *
    from {{ ref('int_attribution__weights') }}
),

conversions as (
    select *
    from {{ ref('fct_conversions') }}
    where credit_conversion_id = conversion_id
),

withheld as (
    select
        weights.conversion_id,
        '(consent withheld)' as touch_id,
        conversions.person_id,
        conversions.account_id,
        '(consent withheld)' as channel,
        max(weights.touch_count) + 1 as touch_number,
        max(weights.touch_count) as touch_count,
        max(weights.cut_count) as cut_count,
        {% for model in attribution_models() -%}
            {{ exact_sum(model ~ '_weight') }}::double as {{ model }}_weight
            {%- if not loop.last %},{% endif %}
        {% endfor -%}
    from weights
    inner join conversions on weights.conversion_id = conversions.conversion_id
    where not weights.is_consented
    group by weights.conversion_id, conversions.person_id, conversions.account_id
),

unattributed as (
    select
        conversions.conversion_id,
        '(unattributed)' as touch_id,
        conversions.person_id,
        conversions.account_id,
        '(unattributed)' as channel,
        1 as touch_number,
        0 as touch_count,
        0 as cut_count,
        {% for model in attribution_models() -%}
            1 as {{ model }}_weight{% if not loop.last %},{% endif %}
        {% endfor -%}
    from conversions
    anti join weights on conversions.conversion_id = weights.conversion_id
),

unioned as (
    select
        conversion_id,
        touch_id,
        person_id,
        account_id,
        campaign_id,
        channel,
        touched_at,
        touch_number,
        touch_count,
        cut_count,
        {% for model in attribution_models() -%}
            {{ model }}_weight{% if not loop.last %},{% endif %}
        {% endfor -%}
    from weights
    where is_consented
    union all by name
    select * from withheld
    union all by name
    select * from unattributed
)

select * from unioned
