{#- The 18-character form of a Salesforce id. Three characters are added, one for each five of the
    15: its place in the alphabet below has bit i set where character i is upper case. What is not
    15 letters and digits is left as it is. -#}
{% macro salesforce_id18(id) -%}
    case
        when regexp_full_match({{ id }}, '[A-Za-z0-9]{15}') then {{ id }}
        {%- for start in [1, 6, 11] %}
            || substr(
                'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345',
                1
                {%- for bit in range(5) %}
                + {{ 2 ** bit }} * (substr({{ id }}, {{ start + bit }}, 1) between 'A' and 'Z')::integer
                {%- endfor %},
                1
            )
        {%- endfor %}
        else {{ id }}
    end
{%- endmacro %}
