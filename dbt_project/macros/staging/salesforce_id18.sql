{#- The 18-character form of a Salesforce id. Three characters are added, one for each five of the
    15: its place in the alphabet below has bit i set where character i is upper case. What is not
    15 letters and digits is left as it is. -#}
{% macro salesforce_id18(id) -%}
    {%- set alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345" -%}
    {%- set added = [] -%}
    {%- for start in [1, 6, 11] -%}
        {%- set bits = ["1"] -%}
        {%- for bit in range(5) -%}
            {%- set character = "substr(" ~ id ~ ", " ~ (start + bit) ~ ", 1)" -%}
            {%- set is_upper = "(" ~ character ~ " between 'A' and 'Z')::integer" -%}
            {%- do bits.append((2 ** bit) ~ " * " ~ is_upper) -%}
        {%- endfor -%}
        {%- do added.append("substr('" ~ alphabet ~ "', " ~ bits | join(" + ") ~ ", 1)") -%}
    {%- endfor -%}
    case
        when regexp_full_match({{ id }}, '[A-Za-z0-9]{15}')
            then {{ id }} || {{ added | join(" || ") }}
        else {{ id }}
    end
{%- endmacro %}
