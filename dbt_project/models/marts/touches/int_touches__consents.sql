with

touches as (
    select
        touch_id,
        person_id,
        touched_at,
        has_analytics_consent
    from {{ ref('int_touches__channels') }}
),

decisions as (
    select
        person_id,
        decided_at,
        bool_or(decision in ('withdrawn', 'denied')) as is_refusal
    from {{ ref('int_consent__decisions') }}
    where purpose = 'analytics' and person_id is not null and decided_at is not null
    group by all
),

latest_decisions as (
    select
        touches.touch_id,
        touches.has_analytics_consent,
        decisions.is_refusal
    from touches
    asof left join decisions
        on touches.person_id = decisions.person_id and touches.touched_at >= decisions.decided_at
),

consents as (
    select
        touch_id,
        coalesce(has_analytics_consent, true) and not coalesce(is_refusal, false) as is_consented
    from latest_decisions
)

select * from consents
