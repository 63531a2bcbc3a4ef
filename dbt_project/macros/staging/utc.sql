{#- An ISO 8601 text as a naive UTC timestamp. Not a plain cast: DuckDB drops the offset there. -#}
{% macro utc(column) -%}
    try_cast({{ text(column) }} as timestamptz) at time zone 'UTC'
{%- endmacro %}
