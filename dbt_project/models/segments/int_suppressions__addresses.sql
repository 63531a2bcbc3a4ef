with

suppressions as (

    select * from {{ ref('stg_suppression__suppressions') }}

),

suppression_rules as (

    select * from {{ ref('consent_suppressions') }}

),

addresses as (

    select
        suppressions.email,
        suppression_rules.purpose,
        bool_or(suppression_rules.scope = 'person') as reaches_person
    from suppressions
    inner join suppression_rules
        on suppressions.suppression_type = suppression_rules.suppression_type
    group by all

)

select * from addresses
