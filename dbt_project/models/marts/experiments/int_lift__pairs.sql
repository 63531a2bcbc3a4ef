{%- set counts = ["people", "converters", "conversions", "unvalued_conversions"] -%}
{%- set variances = ["conversions_variance", "revenue_variance", "clustered_variance"] -%}
with

windows as (
    select *
    from {{ ref('int_lift__windows') }}
),

arms as (
    select *
    from {{ ref('int_lift__arms') }}
),

paired as (
    select
        windows.experiment,
        windows.channel,
        windows.conversion_type,
        windows.starts_at,
        windows.ends_at,
        windows.counted_until,
        windows.is_complete,
        windows.people_in_both_arms,
        windows.spend_usd,
        windows.interval_z,
        {% for arm in ["treatment", "holdout"] -%}
            {% for name in counts -%}
                coalesce({{ arm }}.{{ name }}, 0) as {{ arm }}_{{ name }},
            {% endfor -%}
            {% for name in variances -%}
                {{ arm }}.{{ name }} as {{ arm }}_{{ name }},
            {% endfor -%}
            coalesce({{ arm }}.revenue_usd, 0) as {{ arm }}_revenue_usd,
            {{ arm }}.converters / {{ arm }}.people as {{ arm }}_rate,
            {% for end, side in [("low", "-"), ("high", "+")] -%}
                {{ wilson_limit(arm ~ ".converters", arm ~ ".people", "windows.interval_z", side) }}
                    as {{ arm }}_rate_{{ end }},
            {% endfor -%}
        {% endfor -%}
        treatment.people / holdout.people as scale,
        (treatment.converters + holdout.converters) / (treatment.people + holdout.people)
            as pooled_rate
    from windows
    {% for arm in ["treatment", "holdout"] -%}
        left join arms as {{ arm }}
            on
                windows.experiment = {{ arm }}.experiment
                and windows.channel = {{ arm }}.channel
                and windows.conversion_type = {{ arm }}.conversion_type
                and {{ arm }}.arm = '{{ arm }}'
    {% endfor -%}
)

select * from paired
