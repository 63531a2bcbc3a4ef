with

record_people as (

    select * from {{ ref('int_identity__record_people') }}

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

candidates as (

    select
        record_people.person_id,
        grouped.account_id,
        crm_accounts.preference,
        crm_accounts.observed_at
    from crm_accounts
    inner join grouped on crm_accounts.salesforce_account_id = grouped.salesforce_account_id
    inner join record_people
        on
            record_people.source = 'salesforce'
            and crm_accounts.record_type = record_people.record_type
            and crm_accounts.record_id = record_people.record_id
    union all
    select
        identifiers.person_id,
        domains.account_id,
        4 as preference,
        identifiers.last_seen_at as observed_at
    from identifiers
    inner join host_domains on split_part(identifiers.id_value, '@', -1) = host_domains.host
    inner join domains on host_domains.domain = domains.domain

),

chosen as (

    select
        person_id,
        account_id
    from candidates
    qualify row_number() over (
        partition by person_id
        order by preference asc, observed_at desc, account_id asc
    ) = 1

)

select * from chosen
