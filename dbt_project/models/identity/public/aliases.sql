with recursive

aliases as (

    select * from {{ source('state', 'aliases') }}

),

chain as (

    select
        alias_id,
        person_id,
        1 as step
    from aliases
    union all
    select
        chain.alias_id,
        aliases.person_id,
        chain.step + 1 as step
    from chain
    inner join aliases on chain.person_id = aliases.alias_id

),

canonical as (

    select
        alias_id,
        arg_max(person_id, step) as person_id
    from chain
    group by all

)

select * from canonical
