with

record_people as (

    select * from {{ ref('int_identity__record_people') }}
    where source = 'salesforce'

),

crm_accounts as (

    select * from {{ ref('int_people__crm_accounts') }}

),

grouped as (

    select * from {{ ref('int_accounts__grouped') }}

),

domains as (

    select * from {{ ref('int_accounts__domains') }}

),

identifiers as (

    select * from {{ ref('identifiers') }}
    where id_type = 'email'

),

host_domains as (

    select * from {{ source('state', 'host_domains') }}

),

match_rules as (

    select * from {{ ref('account_match_rules') }}

),

found as (

    select
        record_people.person_id,
        grouped.account_id,
        crm_accounts.match_rule,
        crm_accounts.record_type,
        crm_accounts.record_id,
        crm_accounts.observed_at
    from crm_accounts
    inner join grouped on crm_accounts.salesforce_account_id = grouped.salesforce_account_id
    inner join record_people
        on
            crm_accounts.record_type = record_people.record_type
            and crm_accounts.record_id = record_people.record_id
    union all by name
    select
        identifiers.person_id,
        domains.account_id,
        if(domains.match_rule = 'crm_account', 'verified_domain', 'company_domain') as match_rule,
        identifiers.last_seen_at as observed_at
    from identifiers
    inner join host_domains on split_part(identifiers.id_value, '@', -1) = host_domains.host
    inner join domains on host_domains.domain = domains.domain

),

best as (

    select
        found.*,
        match_rules.priority,
        match_rules.confidence
    from found
    inner join match_rules on found.match_rule = match_rules.match_rule
    qualify row_number() over (
        partition by found.person_id, found.account_id
        order by match_rules.priority asc, found.observed_at desc, found.record_id asc
    ) = 1

),

ranked as (

    select
        * exclude (priority),
        row_number() over (
            partition by person_id order by priority asc, observed_at desc, account_id asc
        ) as account_rank
    from best

)

select * from ranked
