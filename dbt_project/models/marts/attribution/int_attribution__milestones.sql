{{ config(materialized='view') }}

with

conversions as (
    select *
    from {{ ref('fct_conversions') }}
    where credit_conversion_id = conversion_id
),

opportunities as (
    select
        conversion_id,
        opportunity_created_at
    from {{ ref('int_conversions__opportunities') }}
),

people as (
    select *
    from {{ ref('int_attribution__people') }}
),

leads as (
    select
        person_id,
        converted_at as lead_created_at
    from {{ ref('int_conversions__leads') }}
),

group_leads as (
    select
        people.conversion_id,
        min(leads.lead_created_at) as lead_created_at
    from people
    inner join leads on people.person_id = leads.person_id
    group by people.conversion_id
),

milestones as (
    select
        conversions.conversion_id,
        case
            when group_leads.lead_created_at <= conversions.converted_at
                then group_leads.lead_created_at
        end as lead_created_at,
        case
            when opportunities.opportunity_created_at <= conversions.converted_at
                then opportunities.opportunity_created_at
        end as opportunity_created_at,
        case
            when conversions.conversion_type = 'closed_won' then conversions.converted_at
        end as won_at
    from conversions
    left join group_leads on conversions.conversion_id = group_leads.conversion_id
    left join opportunities on conversions.conversion_id = opportunities.conversion_id
)

select * from milestones
