with

conversions as (
    select *
    from {{ ref('fct_conversions') }}
    where credit_conversion_id = conversion_id
),

group_members as (
    select *
    from {{ ref('int_conversions__people') }}
),

unioned as (
    select
        group_members.conversion_id,
        group_members.person_id
    from group_members
    inner join conversions on group_members.conversion_id = conversions.conversion_id
    union
    select
        conversion_id,
        person_id
    from conversions
    where person_id is not null
)

select * from unioned
