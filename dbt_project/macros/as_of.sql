{#- The one clock of a run: a UTC timestamp literal. -#}
{% macro as_of() -%}
    timestamp '{{ var("as_of") }}'
{%- endmacro %}
