with

counts as (

    select * from {{ ref('int_people__counts') }}

),

lineage as (

    select * from {{ ref('dim_people_lineage') }}

),

stages as (

    select * from {{ ref('int_people__stages') }}

),

people_accounts as (

    select * from {{ ref('person_accounts') }}
    where account_rank = 1

),

kept as (

    select
        person_id,
        max(value) filter (where attribute = 'first_name') as first_name,
        max(value) filter (where attribute = 'last_name') as last_name,
        max(value) filter (where attribute = 'email') as email,
        max(value) filter (where attribute = 'phone') as phone,
        max(value) filter (where attribute = 'title') as title,
        max(value) filter (where attribute = 'company_name') as company_name,
        max(value) filter (where attribute = 'street') as street,
        max(value) filter (where attribute = 'city') as city,
        max(value) filter (where attribute = 'postcode') as postcode,
        max(value) filter (where attribute = 'country') as country,
        max(value) filter (where attribute = 'loyalty_id') as loyalty_id
    from lineage
    group by all

),

people as (

    select
        counts.person_id,
        people_accounts.account_id,
        people_accounts.match_rule as account_match_rule,
        people_accounts.confidence as account_confidence,
        kept.first_name,
        kept.last_name,
        kept.email,
        kept.phone,
        kept.title,
        kept.company_name,
        kept.street,
        kept.city,
        kept.postcode,
        kept.country,
        kept.loyalty_id,
        stages.lifecycle_stage,
        counts.record_count,
        counts.identifier_count,
        counts.first_seen_at,
        counts.last_seen_at
    from counts
    left join people_accounts on counts.person_id = people_accounts.person_id
    left join kept on counts.person_id = kept.person_id
    left join stages on counts.person_id = stages.person_id

)

select * from people
