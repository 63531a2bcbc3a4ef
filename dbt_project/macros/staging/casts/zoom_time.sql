{#- A time in a Zoom report, in the account's zone: `08/09/2026 10:45:00 AM`, `Aug 9, 2026 10:45:00`
    and the same without seconds. `--` is null. -#}
{% macro zoom_time(column) -%}
    {{ zoned(column, var("webinar_time_zone", "America/New_York"), [
        "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%b %d, %Y %I:%M:%S %p",
        "%b %d, %Y %I:%M %p", "%b %d, %Y %H:%M:%S", "%b %d, %Y %H:%M",
    ]) }}
{%- endmacro %}
