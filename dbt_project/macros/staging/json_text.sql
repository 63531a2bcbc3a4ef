{#- One value of a JSON expression, as text without outer blanks; empty becomes null. -#}
{% macro json_text(json, path) -%}
    nullif(trim(json_extract_string({{ json }}, '{{ path }}')), '')
{%- endmacro %}
