with

people as (

    select * from {{ ref('dim_people') }}

),

conversions as (

    select * from {{ ref('fct_conversions') }}

),

wins as (

    select
        account_id,
        person_id,
        converted_at
    from conversions
    where
        conversion_type = 'closed_won'
        and converted_at <= {{ as_of() }}

),

account_wins as (

    select
        account_id,
        count(*) as won_count,
        min(converted_at) as first_won_at
    from wins
    where account_id is not null
    group by all

),

person_wins as (

    select
        person_id,
        count(*) as won_count,
        min(converted_at) as first_won_at
    from wins
    where person_id is not null
    group by all

),

customers as (

    select
        ---------- ids
        people.person_id,
        people.account_id,

        ---------- why
        case
            when person_wins.person_id is not null then 'won_opportunity'
            when account_wins.account_id is not null then 'account_won'
            else 'lifecycle_stage'
        end as customer_rule,
        coalesce(person_wins.won_count, account_wins.won_count, 0) as won_count,
        coalesce(person_wins.first_won_at, account_wins.first_won_at) as first_won_at
    from people
    left join person_wins on people.person_id = person_wins.person_id
    left join account_wins on people.account_id = account_wins.account_id
    where
        person_wins.person_id is not null
        or account_wins.account_id is not null
        or people.lifecycle_stage = 'customer'

)

select * from customers
