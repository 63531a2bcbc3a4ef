{#- Raise it when the same inputs would be credited otherwise: all conversions are then credited
    anew. Rules that are rows, and what is upstream, need no such number. -#}
{% macro attribution_version() -%}
    1
{%- endmacro %}

{#- The conversions of conversion_touches with the hash of what they were credited by; none in a
    full refresh. It is not a `ref`, for conversion_touches is built after those that ask. -#}
{% macro credited_so_far() -%}
    {%- set path = {"schema": "marts", "identifier": "conversion_touches"} -%}
    {%- set name = this.incorporate(path=path) -%}
    {%- set built = load_relation(name) if execute else none -%}
    {%- set columns = adapter.get_columns_in_relation(built) if built else [] -%}
    {%- set has_hash = "inputs_hash" in columns | map(attribute="name") -%}
    {%- if has_hash and not flags.FULL_REFRESH -%}
        select
            conversion_id,
            any_value(inputs_hash) as inputs_hash
        from {{ built }}
        group by conversion_id
    {%- else -%}
        select
            null::varchar as conversion_id,
            null::ubigint as inputs_hash
        where false
    {%- endif -%}
{%- endmacro %}
