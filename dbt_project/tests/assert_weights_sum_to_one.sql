-- Fails if the weights of a conversion in a model do not sum to 1, or a model lacks the conversion.
-- This exists because a conversion without a touch, or worth nothing, is easily lost in a join, and
-- the totals of every report would be quietly short of it.
with

expected as (
    select
        conversions.conversion_id,
        models.model
    from {{ ref('fct_conversions') }} as conversions
    cross join {{ ref('attribution_models') }} as models
),

credited as (
    select
        conversion_id,
        model,
        sum(weight) as weight
    from {{ ref('fct_attributed_conversions') }}
    group by all
)

select
    expected.conversion_id,
    expected.model,
    credited.weight
from expected
left join credited
    on
        expected.conversion_id = credited.conversion_id
        and expected.model = credited.model
where credited.weight is null or abs(credited.weight - 1) > 1e-9
