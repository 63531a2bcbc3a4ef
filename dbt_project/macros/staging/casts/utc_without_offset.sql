{#- A text such as 2026-03-01 10:00, or 10:00:05, that the vendor gives in UTC without saying so in
    the value, as a naive UTC timestamp. -#}
{% macro utc_without_offset(column) -%}
    try_strptime({{ text(column) }}, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M'])
{%- endmacro %}
