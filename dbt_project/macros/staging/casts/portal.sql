{#- A time of a UI export, written in the portal's zone, as naive UTC. A time that daylight saving
    skips counts from the offset before the change (02:30 is 03:30), one that it repeats is the
    second (standard time). -#}
{% macro portal_utc(column) -%}
    timezone(
        '{{ var("portal_time_zone", "America/New_York") }}', {{ portal_time(column) }}
    ) at time zone 'UTC'
{%- endmacro %}

{#- The day of such a time, in the portal's zone. -#}
{% macro portal_date(column) -%}
    {{ portal_time(column) }}::date
{%- endmacro %}

{#- The same as it is written, in the portal's zone. -#}
{% macro portal_time(column) -%}
    try_strptime({{ text(column) }}, ['%Y-%m-%d %H:%M', '%Y-%m-%d %H:%M:%S', '%Y-%m-%d'])
{%- endmacro %}
