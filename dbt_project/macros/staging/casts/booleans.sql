{#- `true` and `false`, `1` and `0`, in any case. -#}
{% macro as_boolean(column) -%}
    try_cast({{ text(column) }} as boolean)
{%- endmacro %}

{#- `Yes` and `No`, in any case. -#}
{% macro as_yes_no(column) -%}
    case lower({{ text(column) }}) when 'yes' then true when 'no' then false end
{%- endmacro %}
