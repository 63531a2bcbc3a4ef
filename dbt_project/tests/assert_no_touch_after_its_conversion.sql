-- Fails if a credited touch lies after its conversion or before its window opens; a refund is
-- measured by the sale it refunds. This exists because comparing days instead of moments credits
-- touches that came later on the same day.
select
    touches.conversion_id,
    touches.touch_id
from {{ ref('conversion_touches') }} as touches
inner join {{ ref('fct_conversions') }} as conversions
    on
        touches.conversion_id = conversions.conversion_id
inner join {{ ref('fct_conversions') }} as sales
    on conversions.credit_conversion_id = sales.conversion_id
inner join {{ ref('conversion_types') }} as type_rules
    on sales.conversion_type = type_rules.conversion_type
where
    touches.touched_at > sales.converted_at
    or touches.touched_at < sales.converted_at - to_seconds(type_rules.lookback_seconds)
