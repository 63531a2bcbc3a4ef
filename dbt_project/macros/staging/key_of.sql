{#- A text key over several columns; null and the boundary between two values are part of it. -#}
{% macro key_of(columns) -%}
    md5(json_array({{ columns | join(", ") }})::varchar)
{%- endmacro %}
