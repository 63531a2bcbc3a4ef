{#- Cents by largest remainder: `weight` of `cents` in whole cents, and a number that orders what
    remains, in millionths of a cent: the larger first, of equal ones the earlier touch. Doubles are
    exact to far less than the millionth that is rounded away, so that equal remainders tie. -#}
{% macro whole_cents(weight, cents) -%}
    floor({{ weight }} * {{ cents }} + 1e-6)
{%- endmacro %}

{% macro remainder_order(weight, cents) -%}
    cast(({{ weight }} * {{ cents }} - {{ whole_cents(weight, cents) }}) * 1e6 as bigint)
    * 4294967296 - touch_number
{%- endmacro %}

{#- The order of the last touch that gets one of the cents left over; above all if none are. -#}
{% macro last_with_a_cent(weight, cents) -%}
    {%- set place = remainder_order(weight, cents) -%}
    coalesce(
        max({{ place }}, touch_count) filter (where {{ place }} > 0)[
            any_value({{ cents }})::bigint - sum({{ whole_cents(weight, cents) }})::bigint
        ],
        9223372036854775807
    )
{%- endmacro %}
