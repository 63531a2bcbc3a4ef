{#- Keeps the newest row of each key: the source's own time first, then the moment that the file
    speaks of, then line. Never the order in which files arrived. Write `select name.* from name`
    before it, for it joins the order of the loads. -#}
{% macro latest_by_key(key, updated_at=none) -%}
    {{ load_order() }}
    qualify row_number() over (
        partition by {{ key }}
        order by
            {% if updated_at %}{{ updated_at }} desc nulls last, {% endif -%}
            _place desc nulls last, _line desc
    ) = 1
{%- endmacro %}

{#- Keeps the rows of the newest file that has the key: rows of one file add up. -#}
{% macro latest_file_by_key(key) -%}
    {{ load_order() }}
    qualify coalesce(_place, 0) = max(coalesce(_place, 0)) over (partition by {{ key }})
{%- endmacro %}

{#- What a snapshot says about the row kept for a key: whether a later snapshot no longer has it,
    and the moment of the last one that had it. -#}
{% macro snapshot_columns() -%}
    coalesce(_is_past, false) as is_deleted,
    _as_of as last_seen_at
{%- endmacro %}

{#- The place of each row's load among all loads: see state.load_order in ingestion/order.py. -#}
{% macro load_order() -%}
    left join (
        select
            load_id as _ordered_load_id,
            place as _place,
            snapshot_place as _snapshot_place,
            as_of as _as_of,
            is_past as _is_past
        from {{ source('state', 'load_order') }}
    ) as load_order on _load_id = _ordered_load_id
{%- endmacro %}
