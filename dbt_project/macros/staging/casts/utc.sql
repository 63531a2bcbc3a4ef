{#- An ISO 8601 text as a naive UTC timestamp. Not a plain cast: DuckDB drops the offset there. -#}
{% macro utc(column) -%}
    try_cast({{ text(column) }} as timestamptz) at time zone 'UTC'
{%- endmacro %}

{#- The same where the text says its offset; without one nobody knows which zone is meant. -#}
{% macro utc_with_offset(column) -%}
    case
        when regexp_matches({{ text(column) }}, '([+-][0-9]{2}:?[0-9]{2}|Z)$') then {{ utc(column) }}
    end
{%- endmacro %}
