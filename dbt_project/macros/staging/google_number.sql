{#- A number as Google Ads writes it in an English account. -#}
{% macro google_number(column, decimals) -%}
    {{ english_number(column, decimals) }}
{%- endmacro %}
