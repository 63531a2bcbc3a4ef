{#- The rule models, in the order of the columns of conversion_touches. -#}
{% macro attribution_models() -%}
    {{ return([
        "first_touch", "last_touch", "last_non_direct", "linear",
        "u_shaped", "w_shaped", "full_path", "time_decay",
    ]) }}
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
