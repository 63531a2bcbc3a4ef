{#- A day as DuckDB reads it: YYYY-MM-DD. -#}
{% macro as_date(column) -%}
    try_cast({{ text(column) }} as date)
{%- endmacro %}

{#- A day written YYYY-MM-DD and nothing else. -#}
{% macro iso_date(column) -%}
    try_strptime({{ text(column) }}, '%Y-%m-%d')::date
{%- endmacro %}

{#- A day of a Salesforce report, in the format of the user who exports it. -#}
{% macro report_date(column) -%}
    try_strptime({{ text(column) }}, '{{ var("salesforce_report_date", "%m/%d/%Y") }}')::date
{%- endmacro %}
