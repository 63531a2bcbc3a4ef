{#- One end of the Wilson score interval of x successes among n: side is '-' or '+'.
    Wilson (1927), J. Am. Stat. Assoc. 22, 209-212. -#}
{% macro wilson_limit(x, n, z, side) -%}
    (
        {{ x }} / {{ n }} + {{ z }} * {{ z }} / (2 * {{ n }}) {{ side }} {{ z }} * sqrt(
            {{ x }} / {{ n }} * (1 - {{ x }} / {{ n }}) / {{ n }}
            + {{ z }} * {{ z }} / (4 * {{ n }} * {{ n }})
        )
    ) / (1 + {{ z }} * {{ z }} / {{ n }})
{%- endmacro %}

{#- The two-sided p value of a standard normal z. DuckDB has no error function: this is its series
    erf(x) = exp(-x^2) sum over k of x^(2k+1) / gamma(k + 3/2) (DLMF 7.6.2) at x = |z| / sqrt(2).
    All terms are positive; 120 of them are exact to 1e-13 up to x = 6, beyond which p is nought. -#}
{% macro two_sided_p(z) -%}
    case
        when {{ z }} is null then null
        when abs({{ z }}) >= 6 * sqrt(2) then 0
        else greatest(0, 1 - list_sum(list_transform(
            range(120),
            lambda k: pow(abs({{ z }}) / sqrt(2), 2 * k + 1)
            * exp(-{{ z }} * {{ z }} / 2) / gamma(k + 1.5)
        )))
    end
{%- endmacro %}
