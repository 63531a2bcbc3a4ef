with

rules as (
    select *
    from {{ ref('mql_rules') }}
),

types as (
    select time_of_day_seconds
    from {{ ref('conversion_types') }}
    where conversion_type = 'mql'
),

records as (
    select *
    from {{ ref('person_records') }}
),

leads as (
    select
        *,
        case when is_converted then '(converted)' end as conversion_stage
    from {{ ref('stg_salesforce__leads') }}
    where not coalesce(is_deleted, false) or master_record_id is not null
),

-- A contact that was deleted since has qualified all the same.
contacts as (
    select *
    from {{ ref('stg_hubspot__contacts') }}
),

evidence as (
    select
        1 as evidence_rank,
        'lead' as record_type,
        leads.salesforce_lead_id as record_id,
        rules.source,
        rules.dated_by,
        case rules.dated_by
            when 'converted_date'
                then greatest(
                    cast(leads.converted_date as timestamp) + to_seconds(types.time_of_day_seconds),
                    leads.created_at
                )
            when 'updated_at' then leads.updated_at
            else leads.created_at
        end as converted_at
    from leads
    cross join types
    inner join rules
        on
            rules.source = 'salesforce'
            and (leads.status = rules.stage or leads.conversion_stage = rules.stage)
    union all by name
    select
        2 as evidence_rank,
        'contact' as record_type,
        contacts.hubspot_contact_id as record_id,
        rules.source,
        rules.dated_by,
        contacts.created_at as converted_at
    from contacts
    inner join rules on rules.source = 'hubspot' and contacts.lifecycle_stage = rules.stage
),

firsts as (
    select
        'mql' as conversion_type,
        records.person_id,
        evidence.converted_at,
        'mql:' || evidence.record_type || ':' || evidence.record_id as conversion_id,
        evidence.source || '.' || evidence.dated_by as dated_by
    from evidence
    inner join records
        on
            evidence.source = records.source
            and evidence.record_type = records.record_type
            and evidence.record_id = records.record_id
    where evidence.converted_at is not null
    qualify
        row_number() over (
            partition by records.person_id
            order by evidence.evidence_rank, evidence.converted_at, evidence.record_id
        ) = 1
)

select * from firsts
