with

shared_values as (

    select * from {{ ref('int_households__values') }}

),

own_names as (

    select * from {{ ref('int_identity__own_names') }}
    where length(family_key) > 1

),

record_people as (

    select * from {{ ref('int_identity__record_people') }}

),

person_accounts as (

    select * from {{ ref('person_accounts') }}
    where account_rank = 1 and match_rule in ('contact', 'deleted_contact', 'converted_lead')

),

rules as (

    select * from {{ ref('household_rules') }}

),

family_names as (

    select distinct
        record_people.person_id,
        own_names.family_key
    from own_names
    inner join record_people on own_names.record_index = record_people.record_index

),

counted as (

    select
        shared_values.evidence,
        shared_values.shared_value,
        bool_or(shared_values.is_business) as is_business,
        count(distinct shared_values.person_id) as person_count,
        count(distinct family_names.family_key) as family_name_count,
        -- All of them people of one CRM account: colleagues.
        count(distinct person_accounts.account_id) = 1
        and count(distinct person_accounts.person_id) = person_count as is_workplace
    from shared_values
    left join family_names on shared_values.person_id = family_names.person_id
    left join person_accounts on shared_values.person_id = person_accounts.person_id
    group by all

),

keys as (

    select
        shared_values.evidence,
        shared_values.shared_value,
        family_names.family_key,
        shared_values.person_id,
        case
            when counted.is_business then 'business'
            when counted.is_workplace then 'people of one account'
            when counted.person_count > rules.max_people then 'too many people'
            when counted.family_name_count > rules.max_family_names then 'too many family names'
            when
                count(*) over (
                    partition by
                        shared_values.evidence, shared_values.shared_value, family_names.family_key
                ) < rules.min_people
                then 'too few of the name'
        end as excluded_because
    from shared_values
    inner join family_names on shared_values.person_id = family_names.person_id
    inner join counted
        on
            shared_values.evidence = counted.evidence
            and shared_values.shared_value = counted.shared_value
    inner join rules on shared_values.evidence = rules.evidence

)

select * from keys
