-- Fails if the months of an invoice or refund do not sum to it, to the cent. This exists because
-- each month's share is rounded, and lifetime value is made of these sums.
with

spread as (
    select
        document_id,
        sum(billed_usd) as billed_usd
    from {{ ref('int_billing__months') }}
    group by all
)

select documents.document_id
from {{ ref('int_billing__documents') }} as documents
left join spread on documents.document_id = spread.document_id
where documents.net_usd is distinct from spread.billed_usd
