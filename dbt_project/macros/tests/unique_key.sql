{#- Fails if two rows share the key columns, which need no glued text, or a row lacks one of the not_null
    columns; broken_rule names which. One query a model: a query a column made a run a quarter longer. -#}
{% test unique_key(model, columns, not_null=[]) %}

{%- set key = columns | join(", ") -%}

select 'not unique: {{ key }}' as broken_rule, {{ key }}
from {{ model }}
group by {{ key }}
having count(*) > 1
{%- for column in not_null %}

union all

select 'null: {{ column }}' as broken_rule, {{ key }}
from {{ model }}
where {{ column }} is null
{%- endfor %}

{% endtest %}
