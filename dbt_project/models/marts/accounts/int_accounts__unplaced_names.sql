with

candidates as (

    select * from {{ ref('dim_people_candidates') }}
    where attribute = 'company_name'

),

names as (

    select * from {{ ref('int_accounts__names') }}

),

placed as (

    select * from {{ ref('person_accounts') }}
    where match_rule != 'company_domain'

),

unplaced as (

    select
        candidates.person_id,
        candidates.attribute_value as company_name,
        names.name_key,
        names.blocks,
        arg_min(candidates.record_type, candidates.value_rank) as record_type,
        arg_min(candidates.record_id, candidates.value_rank) as record_id
    from candidates
    inner join names on candidates.attribute_value = names.company_name
    anti join placed on candidates.person_id = placed.person_id
    group by all

)

select * from unplaced
