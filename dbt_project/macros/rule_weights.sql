{#- Parts of int_attribution__weights. `model` is a struct, the model's row of attribution_models;
    MILESTONE_number is the number of the touch that holds a milestone, 0 where none does. -#}

{#- How far a touch has decayed since the journey's last; null in a model without a half-life. -#}
{% macro decay(model) -%}
    pow(
        2, (epoch_us(touched_at) - epoch_us(last_touched_at)) / 1e6 / {{ model }}.half_life_seconds
    )
{%- endmacro %}

{#- The weights of the milestones that are there. -#}
{% macro weight_there(model) -%}
    {% for milestone, weight in milestones().items() -%}
        {{ model }}.{{ weight }} * ({{ milestone }}_number > 0)::integer
        {%- if not loop.last %} + {% endif %}
    {%- endfor %}
{%- endmacro %}

{#- The weights of the milestones that a touch holds. -#}
{% macro weight_held(model) -%}
    {% for milestone, weight in milestones().items() -%}
        {{ model }}.{{ weight }} * is_{{ milestone }}::integer
        {%- if not loop.last %} + {% endif %}
    {%- endfor %}
{%- endmacro %}

{#- How many touches hold a milestone that has a weight: one that holds several counts once. -#}
{% macro holders(model) -%}
    {% set seen = ["0"] -%}
    {% for milestone, weight in milestones().items() -%}
        ({{ model }}.{{ weight }} > 0 and {{ milestone }}_number not in ({{ seen | join(", ") }}))::integer
        {%- set number = "if(" ~ model ~ "." ~ weight ~ " > 0, " ~ milestone ~ "_number, 0)" -%}
        {%- do seen.append(number) -%}
        {%- if not loop.last %} + {% endif %}
    {%- endfor %}
{%- endmacro %}
