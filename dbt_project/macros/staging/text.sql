{#- A raw column, named as the vendor names it, without outer blanks; empty becomes null. -#}
{% macro text(column) -%}
    nullif(trim("{{ column }}"), '')
{%- endmacro %}
