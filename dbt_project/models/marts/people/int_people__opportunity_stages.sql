with

opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}
    where not coalesce(is_deleted, false)

),

contact_roles as (

    select * from {{ ref('stg_salesforce__opportunity_contact_roles') }}
    where not coalesce(is_deleted, false)

),

contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

leads as (

    select * from {{ ref('stg_salesforce__leads') }}

),

staged as (

    select
        *,
        case when is_won then 5 when not is_closed then 4 end as stage_rank
    from opportunities
    where original_opportunity_id is null

),

reached as (

    select
        'contact' as record_type,
        contact_roles.salesforce_contact_id as record_id,
        staged.stage_rank
    from contact_roles
    inner join staged
        on contact_roles.salesforce_opportunity_id = staged.salesforce_opportunity_id
    union all
    select
        'contact' as record_type,
        salesforce_contact_id as record_id,
        stage_rank
    from staged
    union all
    select
        'lead' as record_type,
        leads.salesforce_lead_id as record_id,
        staged.stage_rank
    from leads
    inner join staged
        on leads.converted_opportunity_id = staged.salesforce_opportunity_id
    union all
    -- A company that bought makes its contacts customers; an open deal is its roles' alone.
    select
        'contact' as record_type,
        contacts.salesforce_contact_id as record_id,
        staged.stage_rank
    from contacts
    inner join staged on contacts.salesforce_account_id = staged.salesforce_account_id
    where staged.is_won

),

furthest as (

    select
        record_type,
        record_id,
        max(stage_rank) as stage_rank
    from reached
    where record_id is not null and stage_rank is not null
    group by all

)

select * from furthest
