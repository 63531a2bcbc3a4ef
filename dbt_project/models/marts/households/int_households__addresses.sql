with

people_values as (

    select * from {{ ref('int_people__values') }}
    where attribute in ('street', 'city', 'postcode') and not is_deleted

),

accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

-- A street counts with its number only: all of Main Street is no household.
people_addresses as (

    select
        person_id,
        max(attribute_value) filter (where attribute = 'street' and is_complete) as street,
        max(attribute_value) filter (where attribute = 'city') as city,
        max(attribute_value) filter (where attribute = 'postcode') as postcode,
        false as is_business
    from people_values
    group by person_id, source, record_type, record_id

),

account_addresses as (

    select
        street,
        city,
        postcode,
        true as is_business
    from accounts

),

addresses as (

    select * from people_addresses
    union all by name
    select * from account_addresses

),

spelled as (

    select distinct
        person_id,
        is_business,
        regexp_replace(
            lower(strip_accents(street || ' ' || coalesce(postcode, city))),
            '[^\p{L}\p{N}]+', ' ', 'g'
        ) as address
    from addresses
    where street is not null and coalesce(postcode, city) is not null

)

select * from spelled
