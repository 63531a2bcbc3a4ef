with

all_values as (

    select * from {{ ref('int_people__salesforce_values') }}
    union all
    select * from {{ ref('int_people__hubspot_values') }}
    union all
    select * from {{ ref('int_people__web_values') }}

),

record_people as (

    select * from {{ ref('int_identity__record_people') }}

),

survivorship as (

    select * from {{ ref('identity_survivorship') }}

),

identifier_values as (

    select * from {{ ref('int_identity__identifier_values') }}

),

eligible as (

    select
        record_people.person_id,
        all_values.source,
        all_values.record_type,
        all_values.record_id,
        all_values.is_deleted,
        all_values.observed_at,
        all_values.attribute,
        all_values.attribute_value,
        survivorship.trust,
        survivorship.recency,
        coalesce(identifier_values.is_shared, false) as is_shared
    from all_values
    inner join record_people
        on
            all_values.source = record_people.source
            and all_values.record_type = record_people.record_type
            and all_values.record_id = record_people.record_id
    inner join survivorship
        on
            all_values.attribute = survivorship.attribute
            and all_values.source = survivorship.source
            and all_values.record_type = survivorship.record_type
    left join identifier_values
        on
            all_values.attribute = identifier_values.id_type
            and all_values.attribute_value = identifier_values.id_value
    where
        all_values.attribute_value is not null
        and not coalesce(identifier_values.is_blocked, false)

),

-- A value that is the person's own comes before one they share, a living record before a deleted.
ranked as (

    select
        person_id,
        source,
        record_type,
        record_id,
        observed_at,
        attribute,
        attribute_value,
        trust,
        recency,
        row_number() over (
            partition by person_id, attribute
            order by
                is_shared asc,
                coalesce(is_deleted, false) asc,
                trust asc,
                if(recency = 'newest', -epoch(observed_at), epoch(observed_at)) asc nulls last,
                attribute_value asc,
                record_id asc
        ) as value_rank
    from eligible

)

select * from ranked
