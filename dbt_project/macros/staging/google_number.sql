{#- A number as Google Ads writes it, by the decimal mark that the row's file has. -#}
{% macro google_number(column, decimals) -%}
    case
        when "Decimal mark" = ',' then {{ comma_number(column, decimals) }}
        else {{ english_number(column, decimals) }}
    end
{%- endmacro %}
