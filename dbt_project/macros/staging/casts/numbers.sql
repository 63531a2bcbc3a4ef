{#- A number as DuckDB reads it; for vendors that write no separators. -#}
{% macro as_number(column, type) -%}
    try_cast({{ text(column) }} as {{ type }})
{%- endmacro %}

{#- A number written without separators, with `decimals` at most. -#}
{% macro as_plain_number(column, decimals, type) -%}
    try_cast({{ plain_number(column, decimals) }} as {{ type }})
{%- endmacro %}

{#- A number written in English, with `decimals` at most. -#}
{% macro as_english_number(column, decimals, type) -%}
    try_cast({{ english_number(column, decimals) }} as {{ type }})
{%- endmacro %}

{#- A number as Google Ads writes it, with `decimals` at most. -#}
{% macro as_google_number(column, decimals, type) -%}
    try_cast({{ google_number(column, decimals) }} as {{ type }})
{%- endmacro %}
