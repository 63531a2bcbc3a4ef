with

grouped as (

    select * from {{ ref('int_accounts__grouped') }}
    where domain is not null

),

identifiers as (

    select * from {{ ref('identifiers') }}
    where id_type = 'email'

),

host_domains as (

    select * from {{ source('state', 'host_domains') }}
    where domain is not null

),

free_mail_domains as (

    select * from {{ ref('free_mail_domains') }}

),

crm_domains as (

    select
        domain,
        min(account_id) as account_id,
        'crm_account' as match_rule
    from grouped
    group by all

),

mail_domains as (

    select distinct
        host_domains.domain,
        'a_' || left(sha256('domain' || chr(31) || host_domains.domain), 16) as account_id,
        'company_domain' as match_rule
    from identifiers
    inner join host_domains on split_part(identifiers.id_value, '@', -1) = host_domains.host
    left join free_mail_domains on host_domains.domain = free_mail_domains.domain
    where free_mail_domains.domain is null

),

domains as (

    select * from crm_domains
    union all
    select * from mail_domains
    where domain not in (select crm_domains.domain from crm_domains)

)

select * from domains
