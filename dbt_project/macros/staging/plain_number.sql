{#- A number without separators other than a decimal point, as text. What is written any other way
    (`35,82`, `1,204.50`, or `1.204`, which may be a German 1204) is null rather than a number a
    thousand times too small. `decimals` is the most that may be written. -#}
{% macro plain_number(column, decimals) -%}
    nullif(regexp_extract(
        {{ text(column) }}, '^-?[0-9]+{% if decimals %}(?:[.][0-9]{1,{{ decimals }}})?{% endif %}$'
    ), '')
{%- endmacro %}
