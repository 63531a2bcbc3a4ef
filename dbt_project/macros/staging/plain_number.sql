{#- A number written without separators, as text to cast; null for anything else, so that `1.200`
    is not taken for 1 or 1.2 where it means 1200. `decimals` is the most that may be written. -#}
{% macro plain_number(column, decimals) -%}
    nullif(regexp_extract(
        {{ text(column) }},
        '^-?[0-9]+{% if decimals %}(?:[.][0-9]{1,{{ decimals }}})?{% endif %}$'
    ), '')
{%- endmacro %}
