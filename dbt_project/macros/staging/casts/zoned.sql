{#- A wall clock time of a zone, written in one of the formats, as a naive UTC timestamp. A time
    that daylight saving skips counts from the offset before the change (02:30 is 03:30), one that
    it repeats is the second (standard time). -#}
{% macro zoned(column, zone, formats) -%}
    timezone(
        '{{ zone }}', try_strptime({{ text(column) }}, ['{{ formats | join("', '") }}'])
    ) at time zone 'UTC'
{%- endmacro %}
