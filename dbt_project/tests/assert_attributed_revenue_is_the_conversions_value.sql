-- Fails if the amounts of a conversion in a model differ from its value by a cent, in its own
-- currency or in US dollars. This exists because rounding each touch's share alone loses cents,
-- and a total that does not tie to the ledger is not believed.
with

credited as (
    select
        conversion_id,
        model,
        sum(revenue_local) as revenue_local,
        sum(revenue_usd) as revenue_usd,
        bool_or(revenue_local is null) as lacks_local,
        bool_or(revenue_usd is null) as lacks_usd
    from {{ ref('fct_attributed_conversions') }}
    group by all
)

select
    credited.conversion_id,
    credited.model,
    credited.revenue_local,
    credited.revenue_usd
from credited
left join {{ ref('fct_conversions') }} as conversions
    on
        credited.conversion_id = conversions.conversion_id
where
    credited.revenue_local is distinct from conversions.revenue_local
    or credited.revenue_usd is distinct from conversions.revenue_usd
    or credited.lacks_local != (conversions.revenue_local is null)
    or credited.lacks_usd != (conversions.revenue_usd is null)
