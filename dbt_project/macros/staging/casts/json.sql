{#- A JSON text as JSON. -#}
{% macro as_json(column) -%}
    try_cast({{ text(column) }} as json)
{%- endmacro %}

{#- One value of a JSON text, as text without outer blanks; null when the text is not JSON. -#}
{% macro json_value(column, path) -%}
    {{ json_text(as_json(column), path) }}
{%- endmacro %}

{% macro json_value_fails(column) -%}
    {{ as_json(column) }} is null
{%- endmacro %}

{#- A boolean in a JSON text; names and values in any case. -#}
{% macro json_boolean(column, path) -%}
    try_cast({{ json_text("try_cast(lower(" ~ text(column) ~ ") as json)", path | lower) }} as boolean)
{%- endmacro %}

{% macro json_boolean_fails(column, path) -%}
    {{ as_json(column) }} is null
    or (
        {{ json_text("try_cast(lower(" ~ text(column) ~ ") as json)", path | lower) }} is not null
        and {{ json_boolean(column, path) }} is null
    )
{%- endmacro %}

{#- The objects of a JSON list, one row each, with the named fields as text: `item['listId']`. -#}
{% macro json_items(column, fields) -%}
    unnest(from_json({{ as_json(column) }}, '[{"{{ fields | join('": "VARCHAR", "') }}": "VARCHAR"}]'))
{%- endmacro %}

{% macro json_items_fails(column, fields=none) -%}
    coalesce(json_type({{ as_json(column) }}), '') != 'ARRAY'
{%- endmacro %}

{#- A field of such an object, written in ISO 8601, as a naive UTC timestamp. -#}
{% macro item_utc(column, field) -%}
    try_cast(item['{{ field }}'] as timestamptz) at time zone 'UTC'
{%- endmacro %}

{% macro item_utc_fails(column, field) -%}
    {{ any_item(column, field, "try_cast(text as timestamptz) is null") }}
{%- endmacro %}

{#- The same written as milliseconds since 1970. -#}
{% macro item_epoch_ms(column, field) -%}
    try(epoch_ms(try_cast(item['{{ field }}'] as bigint)))
{%- endmacro %}

{% macro item_epoch_ms_fails(column, field) -%}
    {{ any_item(column, field, "try(epoch_ms(try_cast(text as bigint))) is null") }}
{%- endmacro %}

{#- A field of every object of a JSON list as numbers, null where one cannot be read. -#}
{% macro item_numbers(column, field, type) -%}
    list_transform(
        try_cast({{ as_json(column) }} as json[]),
        lambda item: try_cast(json_extract_string(item, '$.{{ field }}') as {{ type }})
    )
{%- endmacro %}

{% macro item_numbers_fails(column, field, type) -%}
    {{ json_items_fails(column) }}
    or len({{ item_numbers(column, field, type) }})
    != list_count({{ item_numbers(column, field, type) }})
{%- endmacro %}

{#- Whether a field of one of the objects, as `text`, meets a condition. -#}
{% macro any_item(column, field, condition) -%}
    len(list_filter(
        json_extract_string({{ as_json(column) }}, '$[*].{{ field }}'),
        lambda text: trim(text) != '' and {{ condition }}
    )) > 0
{%- endmacro %}
