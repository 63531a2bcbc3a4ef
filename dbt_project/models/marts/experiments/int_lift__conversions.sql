with

conversions as (
    select *
    from {{ ref('fct_conversions') }}
),

people as (
    select *
    from {{ ref('int_lift__people') }}
    where arm <> 'both'
),

windows as (
    select *
    from {{ ref('int_lift__windows') }}
),

-- Money goes back to whoever bought: a refund is the person's of its sale.
placed as (
    select
        conversions.*,
        coalesce(credited.person_id, conversions.person_id) as main_person_id
    from conversions
    inner join conversions as credited
        on conversions.credit_conversion_id = credited.conversion_id
),

counted as (
    select
        windows.experiment,
        windows.channel,
        windows.conversion_type,
        placed.conversion_id,
        people.arm,
        people.person_id,
        people.decision_unit,
        placed.revenue_usd
    from windows
    inner join people
        on windows.experiment = people.experiment and windows.channel = people.channel
    inner join placed
        on
            windows.conversion_type = placed.conversion_type
            and people.person_id = placed.main_person_id
            and windows.starts_at <= placed.converted_at
            and windows.counted_until > placed.converted_at
)

select * from counted
