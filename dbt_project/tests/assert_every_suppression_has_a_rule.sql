-- Fails if an address is suppressed for a reason that consent_suppressions does not know.
-- This exists because such a row would forbid nothing, and the address would be written to.
with

suppressions as (

    select * from {{ ref('stg_suppression__suppressions') }}

),

rules as (

    select * from {{ ref('consent_suppressions') }}

),

unruled as (

    select
        suppressions.suppression_type,
        count(*) as address_count
    from suppressions
    left join rules on suppressions.suppression_type = rules.suppression_type
    where rules.suppression_type is null
    group by all

)

select * from unruled
