{#- A sum of fractions that does not depend on the order of the rows: floating-point addition does,
    and threads decide the order. 18 decimals; the result is a double again. -#}
{% macro exact_sum(expression, filter=none) -%}
    sum(({{ expression }})::decimal(28, 18)){% if filter %} filter (where {{ filter }}){% endif %}
{%- endmacro %}
