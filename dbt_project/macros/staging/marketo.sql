{#- A raw column of a Marketo extract, which writes nothing as the word null, in lower case. -#}
{% macro marketo_text(column) -%}
    nullif({{ text(column) }}, 'null')
{%- endmacro %}
