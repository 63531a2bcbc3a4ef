with

accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

verified as (

    select * from {{ ref('int_accounts__verified') }}

),

keyed as (

    select
        accounts.salesforce_account_id,
        accounts.master_record_id,
        verified.domain,
        coalesce(verified.domain, accounts.master_record_id, accounts.salesforce_account_id)
            as group_key
    from accounts
    inner join verified on accounts.salesforce_account_id = verified.salesforce_account_id

),

-- A merged account follows the account it was merged into.
followed as (

    select
        keyed.salesforce_account_id,
        keyed.domain,
        coalesce(masters.group_key, keyed.group_key) as group_key
    from keyed
    left join keyed as masters on keyed.master_record_id = masters.salesforce_account_id

)

select * from followed
