{#- roi and roi_gross_margin in percent of all marketing cost, roas and cpa on ad spend, from sums:
    null where there is nothing to divide by. Gross profit is not rounded: sums of it are exact. -#}
{% macro attribution_ratios() -%}
    (summed.revenue_usd * margins.gross_margin)::decimal(18, 6) as gross_profit_usd,
    100 * (summed.revenue_usd - summed.cost_usd)::double / nullif(summed.cost_usd, 0) as roi,
    100 * (summed.revenue_usd * margins.gross_margin - summed.cost_usd)::double
    / nullif(summed.cost_usd, 0) as roi_gross_margin,
    summed.revenue_usd::double / nullif(summed.spend_usd, 0) as roas,
    summed.spend_usd::double / nullif(summed.conversions, 0) as cpa
{%- endmacro %}
