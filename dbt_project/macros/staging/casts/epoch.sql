{#- Milliseconds since 1970 as a naive UTC timestamp. -#}
{% macro epoch_ms_utc(column) -%}
    try(epoch_ms(try_cast({{ text(column) }} as bigint)))
{%- endmacro %}

{#- Microseconds since 1970 as a naive UTC timestamp. -#}
{% macro epoch_us_utc(column) -%}
    try(make_timestamp(try_cast({{ plain_number(column, 0) }} as bigint)))
{%- endmacro %}

{#- The same where some exports write milliseconds and others ISO 8601. -#}
{% macro epoch_ms_or_utc(column) -%}
    coalesce({{ epoch_ms_utc(column) }}, {{ utc(column) }})
{%- endmacro %}
