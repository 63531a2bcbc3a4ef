with

people as (

    select * from {{ ref('dim_people') }}

),

identifiers as (

    select *
    from {{ ref('identifiers') }}
    where id_type = 'email'

),

suppressions as (

    select * from {{ ref('stg_suppression__suppressions') }}

),

suppression_rules as (

    select * from {{ ref('consent_suppressions') }}

),

suppressed_addresses as (

    select
        suppressions.email,
        suppression_rules.purpose,
        suppression_rules.scope
    from suppressions
    inner join suppression_rules
        on suppressions.suppression_type = suppression_rules.suppression_type

),

-- The address that would be written to counts even where identity gives it to nobody.
reached as (

    select
        people.person_id,
        suppressed_addresses.purpose
    from suppressed_addresses
    inner join people on suppressed_addresses.email = people.email
    union
    select
        identifiers.person_id,
        suppressed_addresses.purpose
    from suppressed_addresses
    inner join identifiers on suppressed_addresses.email = identifiers.id_value
    where suppressed_addresses.scope = 'person'

)

select * from reached
