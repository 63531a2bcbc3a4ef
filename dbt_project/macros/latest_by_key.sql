{#- Keeps the newest row of each key: the source's own time first, then load order, then line. -#}
{% macro latest_by_key(key, updated_at=none) -%}
    qualify row_number() over (
        partition by {{ key }}
        order by {% if updated_at %}{{ updated_at }} desc nulls last, {% endif %}_load_id desc, _line desc
    ) = 1
{%- endmacro %}
