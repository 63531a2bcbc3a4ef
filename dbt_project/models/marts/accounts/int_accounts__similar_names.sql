with

names as (

    select * from {{ ref('int_accounts__names') }}

),

unplaced_names as (

    select distinct
        name_key,
        unnest(blocks) as block
    from {{ ref('int_accounts__unplaced_names') }}

),

grouped as (

    select * from {{ ref('int_accounts__grouped') }}
    where not coalesce(is_deleted, false)

),

rules as (

    select
        max(value) filter (where rule = 'min_score') as min_score,
        max(value) filter (where rule = 'max_accounts_per_block') as max_accounts_per_block
    from {{ ref('account_suggestion_rules') }}

),

account_names as (

    select distinct
        grouped.account_id,
        names.name_key,
        unnest(names.blocks) as block
    from grouped
    inner join names on grouped.account_name = names.company_name

),

-- Names are compared only if a word of each begins alike, and not by words of too many accounts.
small_blocks as (

    select block
    from account_names
    group by all
    having count(distinct account_id) <= (select rules.max_accounts_per_block from rules)

),

pairs as (

    select distinct
        unplaced_names.name_key,
        account_names.account_id,
        account_names.name_key as account_name_key
    from unplaced_names
    inner join small_blocks on unplaced_names.block = small_blocks.block
    inner join account_names on unplaced_names.block = account_names.block

),

-- Jaro-Winkler forgives a wrong ending; the share of letters that need no edit does not.
scored as (

    select
        name_key,
        account_id,
        max(round(
            (
                jaro_winkler_similarity(name_key, account_name_key)
                + 1
                - damerau_levenshtein(name_key, account_name_key)
                / greatest(length(name_key), length(account_name_key))
            ) / 2,
            4
        )) as score
    from pairs
    group by all

),

alike as (

    select * from scored
    where score >= (select rules.min_score from rules)

)

select * from alike
