{#- A number with a decimal comma, as plain text: `1.204,50` and `1 204,50`, whose blank may be a
    no-break or a narrow one, become 1204.50. What is written any other way (`--`, `1,204.50`, or
    `48,210`, which is an English 48210) is null. `decimals` is the most that may be written. -#}
{% macro comma_number(column, decimals) -%}
    nullif(replace(translate(regexp_extract(
        {{ text(column) }},
        '^-?(?:[0-9]{1,3}(?:[. \x{00A0}\x{202F}][0-9]{3})+|[0-9]+){% if decimals %}(?:,[0-9]{1,{{ decimals }}})?{% endif %}$'
    ), '. ' || chr(160) || chr(8239), ''), ',', '.'), '')
{%- endmacro %}
