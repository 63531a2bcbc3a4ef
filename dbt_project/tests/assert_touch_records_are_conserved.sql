-- Fails if a record of a touch is neither a touch nor the second record of one. This exists because
-- channel rules, consent and the joining of e-mail clicks with their sessions are all joins.
with

counted as (
    select
        (
            select count(*)
            from {{ ref('int_touches__records') }}
        ) as record_count,
        (
            select coalesce(sum(record_count), 0)
            from {{ ref('fct_touches') }}
        ) as touch_record_count
)

select *
from counted
where record_count != touch_record_count
