{#- A number as it is written in English, as plain text: `1,204.50` becomes 1204.50. What is written
    any other way (`--`, `-`, ` < 10%`, `1.204,50`, or `48.210`, which is a German 48210) is null
    rather than a number a thousand times too small. `decimals` is the most that may be written. -#}
{% macro english_number(column, decimals) -%}
    nullif(replace(regexp_extract(
        {{ text(column) }},
        '^-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+){% if decimals %}(?:[.][0-9]{1,{{ decimals }}})?{% endif %}$'
    ), ',', ''), '')
{%- endmacro %}
