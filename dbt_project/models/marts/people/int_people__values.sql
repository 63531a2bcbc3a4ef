with

all_values as (

    select * from {{ ref('int_people__contact_values') }}
    union all by name
    select * from {{ ref('int_people__lead_values') }}
    union all by name
    select * from {{ ref('int_people__hubspot_values') }}
    union all by name
    select * from {{ ref('int_people__web_values') }}

),

record_people as (

    select * from {{ ref('int_identity__record_people') }}

),

survivorship as (

    select * from {{ ref('identity_survivorship') }}

),

attributes as (

    select * from {{ ref('identity_attributes') }}

),

identifier_values as (

    select * from {{ ref('int_identity__identifier_values') }}

),

people_values as (

    select
        ---------- ids
        record_people.person_id,
        record_people.record_index,
        all_values.source,
        all_values.record_type,
        all_values.record_id,

        ---------- the value
        all_values.attribute,
        all_values.attribute_value,

        ---------- the rules
        attributes.survives_with,
        attributes.strategy,
        attributes.recency,
        survivorship.trust,

        ---------- where it was read
        all_values.observed_at,
        all_values._file,
        all_values._line,
        all_values._load_id,

        ---------- booleans
        coalesce(all_values.is_deleted, false) as is_deleted,
        coalesce(identifier_values.is_shared, false) as is_shared,
        coalesce(identifier_values.is_blocked, false) as is_blocked,
        case attributes.complete_when
            when 'full_word' then regexp_matches(all_values.attribute_value, '\p{L}{2}|\p{Han}')
            when 'has_digit' then regexp_matches(all_values.attribute_value, '\d')
            when 'country_code' then starts_with(all_values.attribute_value, '+')
            else true
        end as is_complete
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
    inner join attributes on all_values.attribute = attributes.attribute
    left join identifier_values
        on
            all_values.attribute = identifier_values.id_type
            and all_values.attribute_value = identifier_values.id_value
    where all_values.attribute_value is not null

)

select * from people_values
