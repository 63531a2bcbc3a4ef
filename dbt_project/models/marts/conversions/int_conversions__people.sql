with

conversions as (
    select *
    from {{ ref('int_conversions__opportunities') }}
),

roles as (
    select *
    from {{ ref('stg_salesforce__opportunity_contact_roles') }}
    where not coalesce(is_deleted, false)
),

leads as (
    select *
    from {{ ref('stg_salesforce__leads') }}
    where converted_opportunity_id is not null
),

records as (
    select *
    from {{ ref('person_records') }}
    where source = 'salesforce'
),

members as (
    select
        salesforce_opportunity_id,
        'contact' as record_type,
        salesforce_contact_id as record_id,
        case when is_primary then 1 else 3 end as rank,
        created_at
    from roles
    union all by name
    select
        salesforce_opportunity_id,
        'contact' as record_type,
        salesforce_contact_id as record_id,
        2 as rank
    from conversions
    union all by name
    select
        converted_opportunity_id as salesforce_opportunity_id,
        'lead' as record_type,
        salesforce_lead_id as record_id,
        4 as rank,
        created_at
    from leads
),

groups as (
    select
        conversions.conversion_id,
        records.person_id,
        min(members.rank) as member_rank,
        min(members.created_at) as joined_at
    from conversions
    inner join members on conversions.salesforce_opportunity_id = members.salesforce_opportunity_id
    inner join records
        on
            members.record_type = records.record_type
            and members.record_id = records.record_id
    group by all
),

ranked as (
    select
        *,
        row_number() over (
            partition by conversion_id order by member_rank, joined_at nulls last, person_id
        ) = 1 as is_main
    from groups
)

select * from ranked
