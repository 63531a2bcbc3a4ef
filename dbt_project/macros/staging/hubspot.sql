{#- A time of a UI export, written in the portal's zone, as naive UTC. A time that daylight saving
    skips counts from the offset before the change (02:30 is 03:30), one that it repeats is the
    second (standard time). -#}
{% macro portal_utc(column) -%}
    timezone(
        '{{ var("portal_time_zone", "America/New_York") }}', {{ portal_time(column) }}
    ) at time zone 'UTC'
{%- endmacro %}

{#- The same as it is written, in the portal's zone. -#}
{% macro portal_time(column) -%}
    try_strptime({{ text(column) }}, ['%Y-%m-%d %H:%M', '%Y-%m-%d %H:%M:%S', '%Y-%m-%d'])
{%- endmacro %}

{#- Record ids in one cell, separated by semicolons, as a list. -#}
{% macro record_ids(column) -%}
    list_filter(
        list_transform(
            string_split({{ text(column) }}, ';'),
            lambda record_id: trim(record_id)
        ),
        lambda record_id: record_id != ''
    )
{%- endmacro %}

{#- A lifecycle stage as words in snake case, from its label or HubSpot's own internal name. -#}
{% macro lifecycle_stage(column) -%}
    case lower({{ text(column) }})
        when 'marketingqualifiedlead' then 'marketing_qualified_lead'
        when 'salesqualifiedlead' then 'sales_qualified_lead'
        else trim(regexp_replace(lower({{ text(column) }}), '[^a-z0-9]+', '_', 'g'), '_')
    end
{%- endmacro %}
