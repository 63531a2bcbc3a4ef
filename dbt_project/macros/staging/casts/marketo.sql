{#- A time of Marketo as naive UTC; the asset API writes 2015-05-21T22:45:13Z+0000. -#}
{% macro marketo_utc(column) -%}
    try_cast(replace({{ marketo_text(column) }}, 'Z+0000', 'Z') as timestamptz) at time zone 'UTC'
{%- endmacro %}

{#- Attributes as one JSON object, whether they came as that or as a list of {name, value}; an
    element of the list that lacks either is left out. -#}
{% macro marketo_attributes(column) -%}
    {%- set json = "try_cast(" ~ marketo_text(column) ~ " as json)" -%}
    case json_type({{ json }})
        when 'OBJECT' then {{ json }}
        when 'ARRAY' then try_cast('{' || array_to_string(
            list_transform(
                try_cast({{ json }} as json []),
                lambda item: nullif(json_extract(item, '$.name')::varchar, 'null')
                || ':' || json_extract(item, '$.value')::varchar
            ), ','
        ) || '}' as json)
    end
{%- endmacro %}
