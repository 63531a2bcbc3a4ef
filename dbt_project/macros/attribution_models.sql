{#- The rule models, in the order of the columns of conversion_touches: as in
    attribution/credit_rows.py. -#}
{% macro attribution_models() -%}
    {{ return([
        "first_touch", "last_touch", "last_non_direct", "linear",
        "u_shaped", "w_shaped", "full_path", "time_decay",
    ]) }}
{%- endmacro %}

{#- The models that learn from journeys, and credit channels only. -#}
{% macro data_driven_models() -%}
    {{ return(["markov", "shapley"]) }}
{%- endmacro %}
