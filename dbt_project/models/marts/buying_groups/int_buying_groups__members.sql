with

opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}
    where original_opportunity_id is null and not coalesce(is_deleted, false)

),

contact_roles as (

    select * from {{ ref('stg_salesforce__opportunity_contact_roles') }}
    where not coalesce(is_deleted, false)

),

record_people as (

    select * from {{ ref('int_identity__record_people') }}
    where source = 'salesforce'

),

grouped as (

    select * from {{ ref('int_accounts__grouped') }}

),

person_accounts as (

    select * from {{ ref('person_accounts') }}

),

named as (

    select
        salesforce_opportunity_id,
        'contact_role' as basis,
        'contact' as record_type,
        salesforce_contact_id as record_id,
        role,
        is_primary,
        created_at
    from contact_roles
    union all by name
    select
        salesforce_opportunity_id,
        'primary_contact' as basis,
        'contact' as record_type,
        salesforce_contact_id as record_id
    from opportunities
    union all by name
    select
        converted_opportunity_id as salesforce_opportunity_id,
        'converted_lead' as basis,
        'lead' as record_type,
        salesforce_lead_id as record_id
    from {{ ref('stg_salesforce__leads') }}

),

by_record as (

    select
        opportunities.salesforce_opportunity_id,
        record_people.person_id,
        named.basis,
        coalesce(bool_or(named.is_primary), false) as is_primary,
        arg_min(
            named.role, (not coalesce(named.is_primary, false), named.created_at, named.role)
        ) as role
    from named
    inner join opportunities
        on named.salesforce_opportunity_id = opportunities.salesforce_opportunity_id
    inner join record_people
        on
            named.record_type = record_people.record_type
            and named.record_id = record_people.record_id
    group by all

),

members as (

    select * from by_record
    union all by name
    select
        opportunities.salesforce_opportunity_id,
        person_accounts.person_id,
        'account_engaged' as basis,
        false as is_primary
    from opportunities
    inner join grouped on opportunities.salesforce_account_id = grouped.salesforce_account_id
    inner join person_accounts on grouped.account_id = person_accounts.account_id

)

select * from members
