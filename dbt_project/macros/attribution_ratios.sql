{#- roi, roas and cpa from sums of spend, revenue and conversions: null where there is nothing to
    divide by. ROI is on gross profit, revenue x margin. -#}
{% macro attribution_ratios() -%}
    (summed.revenue_usd * margins.gross_margin - summed.spend_usd)::double
    / nullif(summed.spend_usd, 0) as roi,
    summed.revenue_usd::double / nullif(summed.spend_usd, 0) as roas,
    summed.spend_usd::double / nullif(summed.conversions, 0) as cpa
{%- endmacro %}
