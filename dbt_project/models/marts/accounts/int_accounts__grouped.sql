with

accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

keyed as (

    select * from {{ ref('int_accounts__keyed') }}

),

first_accounts as (

    select
        keyed.group_key,
        arg_min(
            accounts.salesforce_account_id,
            (accounts.created_at, accounts.salesforce_account_id)
        ) as first_account_id
    from keyed
    inner join accounts on keyed.salesforce_account_id = accounts.salesforce_account_id
    group by all

),

grouped as (

    select
        accounts.salesforce_account_id,
        accounts.parent_account_id as parent_salesforce_account_id,
        accounts.account_name,
        keyed.domain,
        accounts.industry,
        accounts.country,
        accounts.employee_count,
        accounts.owner_id,
        accounts.is_deleted,
        accounts.created_at,
        'a_' || left(
            sha256(
                concat_ws(chr(31), 'salesforce', 'account', first_accounts.first_account_id)
            ),
            16
        ) as account_id
    from accounts
    inner join keyed on accounts.salesforce_account_id = keyed.salesforce_account_id
    inner join first_accounts on keyed.group_key = first_accounts.group_key

)

select * from grouped
