{#- Fails if two rows share the key columns, which need no glued text, or if a row lacks one of the
    not_null columns; broken_rule says which. One query a model, for each costs a
    node of its own. -#}
{% test unique_key(model, columns, not_null=[]) %}

select
    'not unique' as broken_rule,
    {{ columns | join(", ") }}
from {{ model }}
group by all
having count(*) > 1
{% for column in not_null %}
union all

select
    'null: {{ column }}' as broken_rule,
    {{ columns | join(", ") }}
from {{ model }}
where {{ column }} is null
{% endfor %}
{% endtest %}
