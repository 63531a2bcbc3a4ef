with

unplaced_names as (

    select * from {{ ref('int_accounts__unplaced_names') }}

),

similar_names as (

    select * from {{ ref('int_accounts__similar_names') }}

),

ranked as (

    select
        unplaced_names.person_id,
        unplaced_names.company_name,
        unplaced_names.record_type,
        unplaced_names.record_id,
        similar_names.account_id,
        similar_names.score,
        'fuzzy_company_name' as rule,  -- noqa: RF04
        lead(similar_names.account_id) over ranking as runner_up_account_id,
        lead(similar_names.score) over ranking as runner_up_score,
        row_number() over ranking as suggestion_rank
    from unplaced_names
    inner join similar_names on unplaced_names.name_key = similar_names.name_key
    window ranking as (
        partition by unplaced_names.person_id, unplaced_names.company_name
        order by similar_names.score desc, similar_names.account_id asc
    )

),

suggested as (

    select * exclude (suggestion_rank)
    from ranked
    where suggestion_rank = 1

)

select * from suggested
