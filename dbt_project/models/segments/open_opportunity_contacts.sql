with

opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}

),

contact_roles as (

    select * from {{ ref('stg_salesforce__opportunity_contact_roles') }}

),

person_records as (

    select * from {{ ref('person_records') }}

),

open_opportunities as (

    select *
    from opportunities
    where
        not coalesce(is_closed, false)
        and not coalesce(is_deleted, false)
        and original_opportunity_id is null

),

named_contacts as (

    select
        salesforce_opportunity_id,
        salesforce_contact_id
    from contact_roles
    where not coalesce(is_deleted, false)
    union
    select
        salesforce_opportunity_id,
        salesforce_contact_id
    from open_opportunities

),

contacts as (

    select
        ---------- ids
        person_records.person_id,

        ---------- why
        count(distinct open_opportunities.salesforce_opportunity_id) as open_opportunity_count,
        min(open_opportunities.created_at) as first_opened_at,
        min(open_opportunities.close_date) as next_close_date
    from open_opportunities
    inner join named_contacts
        on
            open_opportunities.salesforce_opportunity_id
            = named_contacts.salesforce_opportunity_id
    inner join person_records
        on
            person_records.source = 'salesforce'
            and person_records.record_type = 'contact'
            and named_contacts.salesforce_contact_id = person_records.record_id
    group by all

)

select * from contacts
