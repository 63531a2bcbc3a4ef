with

tested as (
    select *
    from {{ ref('int_lift__tested') }}
    where model = 'linear'
),

results as (
    select *
    from {{ ref('lift_results') }}
    where is_complete and incremental_conversions is not null
),

rules as (
    select *
    from {{ ref('lift_rules') }}
),

-- Whole companies may share an arm: then the error is larger by the root of the design effect.
measured as (
    select
        results.experiment,
        results.channel,
        results.conversion_type,
        tested.tested_weight as linear_credit,
        results.incremental_conversions as caused,
        (results.incremental_conversions_high - results.incremental_conversions)
        / rules.interval_z * sqrt(greatest(coalesce(results.design_effect, 1), 1)) as standard_error
    from results
    inner join rules on results.conversion_type = rules.conversion_type
    inner join tested
        on
            results.experiment = tested.experiment
            and results.channel = tested.channel
            and results.conversion_type = tested.conversion_type
)

select * from measured
