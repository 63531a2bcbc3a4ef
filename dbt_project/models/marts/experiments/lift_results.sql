with

pairs as (
    select *
    from {{ ref('int_lift__pairs') }}
),

-- What an arm without people cannot say is null here, and so is all that follows from it.
compared as (
    select
        *,
        treatment_rate - holdout_rate as rate_difference,
        interval_z * sqrt(
            treatment_rate * (1 - treatment_rate) / treatment_people
            + holdout_rate * (1 - holdout_rate) / holdout_people
        ) as wald_reach,
        sqrt(pow(treatment_rate - treatment_rate_low, 2) + pow(holdout_rate_high - holdout_rate, 2))
            as newcombe_down,
        sqrt(pow(treatment_rate_high - treatment_rate, 2) + pow(holdout_rate - holdout_rate_low, 2))
            as newcombe_up,
        interval_z * sqrt(
            (1 - treatment_rate) / nullif(treatment_converters, 0)
            + (1 - holdout_rate) / nullif(holdout_converters, 0)
        ) as log_reach,
        interval_z * treatment_people * sqrt(
            greatest(0, treatment_conversions_variance)
            + greatest(0, holdout_conversions_variance)
        ) as conversions_reach,
        interval_z * treatment_people * sqrt(
            greatest(0, treatment_revenue_variance) + greatest(0, holdout_revenue_variance)
        ) as revenue_reach
    from pairs
),

differences as (
    select
        *,
        treatment_rate / nullif(holdout_rate, 0) as ratio,
        treatment_conversions - scale * holdout_conversions as incremental,
        treatment_revenue_usd::double - scale * holdout_revenue_usd::double as incremental_usd,
        nullif(spend_usd, 0)::double as spent,
        rate_difference / nullif(
            sqrt(pooled_rate * (1 - pooled_rate) * (1 / treatment_people + 1 / holdout_people)), 0
        ) as z_score
    from compared
),

results as (
    select  -- noqa: ST06
        ---------- what was tried
        experiment,
        channel,
        conversion_type,
        starts_at,
        ends_at,
        counted_until,
        is_complete,
        people_in_both_arms,
        ---------- what each arm did
        {% for arm in ["treatment", "holdout"] -%}
            {% for name in [
                "people", "converters", "conversions", "unvalued_conversions", "revenue_usd", "rate"
            ] -%}
                {{ arm }}_{{ name }},
            {% endfor -%}
        {% endfor -%}
        ---------- how they differ
        rate_difference,
        rate_difference - wald_reach as rate_difference_wald_low,
        rate_difference + wald_reach as rate_difference_wald_high,
        rate_difference - newcombe_down as rate_difference_newcombe_low,
        rate_difference + newcombe_up as rate_difference_newcombe_high,
        ratio - 1 as relative_lift,
        ratio * exp(-log_reach) - 1 as relative_lift_low,
        ratio * exp(log_reach) - 1 as relative_lift_high,
        z_score,
        {{ two_sided_p("z_score") }} as p_value,
        (treatment_clustered_variance + holdout_clustered_variance)
        / nullif(
            treatment_rate * (1 - treatment_rate) / treatment_people
            + holdout_rate * (1 - holdout_rate) / holdout_people, 0
        ) as design_effect,
        ---------- what the channel caused
        incremental as incremental_conversions,
        incremental - conversions_reach as incremental_conversions_low,
        incremental + conversions_reach as incremental_conversions_high,
        incremental_usd as incremental_revenue_usd,
        incremental_usd - revenue_reach as incremental_revenue_usd_low,
        incremental_usd + revenue_reach as incremental_revenue_usd_high,
        spend_usd,
        incremental_usd / spent as iroas,
        (incremental_usd - revenue_reach) / spent as iroas_low,
        (incremental_usd + revenue_reach) / spent as iroas_high
    from differences
)

select * from results
