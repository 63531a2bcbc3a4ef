with

accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

host_domains as (

    select * from {{ source('state', 'host_domains') }}

),

free_mail_domains as (

    select * from {{ ref('free_mail_domains') }}

),

identifier_values as (

    select * from {{ ref('int_identity__identifier_values') }}
    where id_type = 'email' and not is_blocked

),

company_domains as (

    select
        host_domains.host,
        host_domains.domain
    from host_domains
    left join free_mail_domains on host_domains.domain = free_mail_domains.domain
    where free_mail_domains.domain is null and host_domains.domain is not null

),

-- A website is believed once somebody writes from its domain.
written_from as (

    select distinct company_domains.domain
    from identifier_values
    inner join company_domains
        on split_part(identifier_values.id_value, '@', -1) = company_domains.host

),

contact_domains as (

    select
        contacts.salesforce_account_id,
        mode(company_domains.domain order by company_domains.domain) as domain
    from contacts
    inner join company_domains on split_part(contacts.email, '@', -1) = company_domains.host
    group by all

),

verified as (

    select
        accounts.salesforce_account_id,
        coalesce(written_from.domain, contact_domains.domain) as domain
    from accounts
    left join company_domains on lower(trim(accounts.website)) = company_domains.host
    left join written_from on company_domains.domain = written_from.domain
    left join contact_domains
        on accounts.salesforce_account_id = contact_domains.salesforce_account_id

)

select * from verified
