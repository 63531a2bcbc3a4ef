{{ config(schema='ops') }}

with

inputs as (
    select *
    from {{ ref('int_attribution__inputs') }}
),

-- What each conversion was credited by last.
credited as (
    {{ credited_so_far() }}
),

affected as (
    select  -- noqa: ST06
        inputs.credit_conversion_id,
        inputs.converted_at,
        inputs.currency,
        inputs.conversion_type,
        inputs.credited_at,
        inputs.credited_person_id,
        inputs.credited_account_id,
        inputs.lead_created_at,
        inputs.opportunity_created_at,
        inputs.won_at,
        inputs.inputs_hash,
        coalesce(inputs.conversion_id, credited.conversion_id) as conversion_id,
        cast(inputs.revenue_local * 100 as bigint) as local_cents,
        cast(inputs.revenue_usd * 100 as bigint) as usd_cents
    from inputs
    full join credited on inputs.conversion_id = credited.conversion_id
    where inputs.inputs_hash is distinct from credited.inputs_hash
),

ended_journeys as (
    select distinct credit_conversion_id
    from affected
    where credit_conversion_id is not null
),

journeys as (
    select
        credit_conversion_id,
        row_number() over () - 1 as journey_number
    from ended_journeys
),

numbered as (
    select
        affected.*,
        journeys.journey_number
    from affected
    left join journeys on affected.credit_conversion_id = journeys.credit_conversion_id
)

select * from numbered
