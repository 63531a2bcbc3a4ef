with

journeys as (
    select *
    from {{ ref('int_attribution__journeys') }}
),

models as (
    select *
    from {{ ref('attribution_models') }}
),

scored as (
    select
        journeys.*,
        models.model,
        models.other_weight,
        models.first_weight * coalesce(journeys.is_first, false)::int
        + models.last_weight * coalesce(journeys.is_last, false)::int
        + models.last_non_direct_weight * coalesce(journeys.is_last_non_direct, false)::int
        + models.lead_weight * coalesce(journeys.is_lead_creation, false)::int
        + models.opportunity_weight * coalesce(journeys.is_opportunity_creation, false)::int
        + models.won_weight * coalesce(journeys.is_won, false)::int as milestone_weight,
        case
            when models.half_life_seconds is not null
                then pow(2, -journeys.microseconds_to_last / 1e6 / models.half_life_seconds)
        end as decay
    from journeys
    cross join models
),

totalled as (
    select
        *,
        {{ exact_sum('milestone_weight') }} over journey::double as milestone_total,
        count(*) filter (where milestone_weight = 0) over journey as other_count,
        {{ exact_sum('decay') }} over journey::double as decay_total
    from scored
    window journey as (partition by conversion_id, model)
),

weighted as (
    select
        conversion_id,
        model,
        touch_id,
        person_id,
        account_id,
        channel,
        campaign_id,
        touched_at,
        is_consented,
        touch_number,
        touch_count,
        cut_count,
        case
            when decay is not null then decay / decay_total
            when milestone_total = 0 then 1 / other_count
            when other_count = 0 or other_weight = 0 then milestone_weight / milestone_total
            when milestone_weight > 0
                then (1 - other_weight) * milestone_weight / milestone_total
            else other_weight / other_count
        end as weight
    from totalled
)

select * from weighted
