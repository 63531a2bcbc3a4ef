{#- A day written M/D/YYYY or YYYY-MM-DD; anything else (`31/12/2026`, `9/1/26`) is null. -#}
{% macro us_date(column) -%}
    coalesce(
        try_strptime(regexp_extract({{ text(column) }}, '^\d{1,2}/\d{1,2}/\d{4}$'), '%m/%d/%Y')::date,
        try_strptime(regexp_extract({{ text(column) }}, '^\d{4}-\d{2}-\d{2}$'), '%Y-%m-%d')::date
    )
{%- endmacro %}
