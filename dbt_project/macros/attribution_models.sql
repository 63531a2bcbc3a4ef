{#- The rule models, in the order of the columns of conversion_touches. -#}
{% macro attribution_models() -%}
    {{ return([
        "first_touch", "last_touch", "last_non_direct", "linear",
        "u_shaped", "w_shaped", "full_path", "time_decay",
    ]) }}
{%- endmacro %}

{#- The block that calls it, once for each rule model, as a list of columns. -#}
{% macro each_model() -%}
    {% for model in attribution_models() -%}
        {{ caller(model) | trim }}{% if not loop.last %},{% endif %}
    {% endfor -%}
{%- endmacro %}

{#- What a touch may hold, and the column of attribution_models with its weight. -#}
{% macro milestones() -%}
    {{ return({
        "first": "first_weight",
        "last": "last_weight",
        "last_non_direct": "last_non_direct_weight",
        "lead_creation": "lead_weight",
        "opportunity_creation": "opportunity_weight",
        "won": "won_weight",
    }) }}
{%- endmacro %}

{#- The models that learn from journeys, and credit channels only. -#}
{% macro data_driven_models() -%}
    {{ return(["markov", "shapley"]) }}
{%- endmacro %}
