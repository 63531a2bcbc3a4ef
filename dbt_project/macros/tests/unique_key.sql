{#- Fails if two rows share the named columns; keys of several columns need no glued text. -#}
{% test unique_key(model, columns) %}

select {{ columns | join(", ") }}
from {{ model }}
group by {{ columns | join(", ") }}
having count(*) > 1

{% endtest %}
