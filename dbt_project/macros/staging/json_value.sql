{#- One value of a JSON text; null when the text is not JSON. -#}
{% macro json_value(json, path) -%}
    nullif(trim(json_extract_string(try_cast({{ json }} as json), '{{ path }}')), '')
{%- endmacro %}
