with

grouped as (

    select * from {{ ref('int_accounts__grouped') }}

),

domains as (

    select * from {{ ref('int_accounts__domains') }}

),

people_accounts as (

    select * from {{ ref('int_people__accounts') }}

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
        null as salesforce_account_id,
        domain as account_name,
        domain,
        null as industry,
        null as country,
        null as employee_count,
        null as owner_id,
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
    union all
    select * from domain_accounts

),

counted as (

    select
        accounts.account_id,
        accounts.salesforce_account_id,
        accounts.account_name,
        accounts.domain,
        accounts.industry,
        accounts.country,
        accounts.employee_count,
        accounts.owner_id,
        accounts.match_rule,
        coalesce(people_counts.people_count, 0) as people_count
    from accounts
    left join people_counts on accounts.account_id = people_counts.account_id

)

select * from counted
