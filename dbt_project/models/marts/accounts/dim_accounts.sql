with

grouped as (

    select * from {{ ref('int_accounts__grouped') }}

),

domains as (

    select * from {{ ref('int_accounts__domains') }}

),

hierarchy as (

    select * from {{ ref('int_accounts__hierarchy') }}

),

people_accounts as (

    select * from {{ ref('person_accounts') }}
    where account_rank = 1

),

crm_accounts as (

    select
        account_id,
        salesforce_account_id,
        account_name,
        domain,
        industry,
        country,
        employee_count,
        owner_id,
        'crm_account' as match_rule
    from grouped
    qualify row_number() over (
        partition by account_id
        order by coalesce(is_deleted, false), created_at, salesforce_account_id
    ) = 1

),

domain_accounts as (

    select
        account_id,
        domain as account_name,
        domain,
        match_rule
    from domains
    where match_rule = 'company_domain'

),

people_counts as (

    select
        account_id,
        count(*) as people_count
    from people_accounts
    group by all

),

accounts as (

    select * from crm_accounts
    union all by name
    select * from domain_accounts

),

counted as (

    select
        accounts.*,
        hierarchy.parent_account_id,
        hierarchy.cut_parent_account_id,
        coalesce(hierarchy.ultimate_parent_account_id, accounts.account_id)
            as ultimate_parent_account_id,
        coalesce(hierarchy.hierarchy_depth, 0) as hierarchy_depth,
        coalesce(people_counts.people_count, 0) as people_count
    from accounts
    left join hierarchy on accounts.account_id = hierarchy.account_id
    left join people_counts on accounts.account_id = people_counts.account_id

)

select * from counted
