{#- Amounts by largest remainder, from the columns MODEL_weight, MONEY_cents (a conversion's value)
    and touch_number; `model` is a rule model and `money` is local or usd. -#}

{#- The whole cents of a touch. Doubles are exact to far less than the millionth of a cent that is
    rounded away here and below, so that equal remainders tie. -#}
{% macro whole_cents(model, money) -%}
    floor({{ model }}_weight * {{ money }}_cents + 1e-6)
{%- endmacro %}

{#- A number that orders what remains, in millionths of a cent: of equal ones the earlier touch. -#}
{% macro remainder_order(model, money) -%}
    cast(
        ({{ model }}_weight * {{ money }}_cents - {{ whole_cents(model, money) }}) * 1e6 as bigint
    ) * 4294967296 - touch_number
{%- endmacro %}

{#- Of a conversion: the order of the last touch that gets one of the cents left over. It is above
    all others where none are. -#}
{% macro last_with_a_cent(model, money, needed) -%}
    {%- set remainder = remainder_order(model, money) -%}
    coalesce(
        max({{ remainder }}, touch_count) filter (where {{ needed }} and {{ remainder }} > 0)[
            any_value({{ money }}_cents)::bigint - sum({{ whole_cents(model, money) }})::bigint
        ],
        9223372036854775807
    )
{%- endmacro %}

{#- Of a touch: its amount, where MODEL_MONEY_last is that order and MONEY_cent a signed cent. -#}
{% macro amount(model, money) -%}
    cast({{ money }}_cent * (
        {{ whole_cents(model, money) }}
        + ({{ remainder_order(model, money) }} >= {{ model }}_{{ money }}_last)::integer
    ) as decimal(18, 2))
{%- endmacro %}
