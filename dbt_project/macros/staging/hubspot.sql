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
