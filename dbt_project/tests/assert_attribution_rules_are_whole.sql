-- Fails if the weights of a rule model do not sum to 1, a model of the wide table has no rule row
-- or the other way round, a conversion type keeps fewer than two touches, or a role weighs nothing,
-- stands twice or has none to fall back on. This exists because these rows are edited by people,
-- and the formulas rely on it.
{% set models = attribution_models() %}
select model as place
from {{ ref('attribution_models') }}
where
    not list_contains({{ models }}, model)
    or abs(
        first_weight + last_weight + last_non_direct_weight + lead_weight + opportunity_weight
        + won_weight + other_weight
        - case when half_life_seconds is null then 1 else 0 end
    ) > 1e-9
union all
select 'number of models' as place
from {{ ref('attribution_models') }}
having count(*) != {{ models | length }}
union all
select conversion_type as place
from {{ ref('conversion_types') }}
where max_touches < 2 or lookback_seconds < 0
union all
select lower(role) as place
from {{ ref('role_weights') }}
group by lower(role)
having count(*) > 1 or not coalesce(min(weight) > 0 and isfinite(max(weight)), false)
union all
select 'Other and (no role) in role_weights' as place
from {{ ref('role_weights') }}
having count(*) filter (where lower(role) in ('other', '(no role)')) != 2
