{#- True if two spellings may be one given or family name: missing, equal, initial, or a slip. -#}
{% macro name_part_agrees(this, other) -%}
    (
        {{ this }} is null
        or {{ other }} is null
        or {{ this }} = {{ other }}
        or (length({{ this }}) = 1 and starts_with({{ other }}, {{ this }}))
        or (length({{ other }}) = 1 and starts_with({{ this }}, {{ other }}))
        or (
            least(length({{ this }}), length({{ other }})) >= 4
            and damerau_levenshtein({{ this }}, {{ other }}) <= 1
        )
        or (
            least(length({{ this }}), length({{ other }})) >= 8
            and damerau_levenshtein({{ this }}, {{ other }}) <= 2
        )
    )
{%- endmacro %}
