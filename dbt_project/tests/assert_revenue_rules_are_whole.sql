-- Fails if a row of revenue_rules is missing or makes no sense, or a channel of channels is paid or
-- direct and says the opposite of it for marketing. This exists because people edit these rows, and
-- a rule that is gone makes a metric empty without an error.
select expected.rule as place
from
    (values ('value_months'), ('sql_days'), ('opportunity_days'), ('won_days')) as expected (rule)
left join {{ ref('revenue_rules') }} as rules on expected.rule = rules.rule
where coalesce(rules.value < 1, true)
union all
select rule as place
from {{ ref('revenue_rules') }}
where rule not in ('value_months', 'sql_days', 'opportunity_days', 'won_days')
union all
select channel as place
from {{ ref('channels') }}
where
    (is_paid and not is_marketing)
    or (is_marketing and (is_direct or starts_with(channel, '(')))
union all
select '(no category)' as place
from {{ ref('cost_categories') }}
having count(*) filter (where category = '(no category)') = 0
