with

conversions as (
    select *
    from {{ ref('fct_conversions') }}
    where credit_conversion_id = conversion_id
),

types_by_role as (
    select conversion_type
    from {{ ref('conversion_types') }}
    where credited_by = 'role'
),

by_role as (
    select
        conversions.conversion_id,
        conversions.salesforce_opportunity_id
    from conversions
    inner join types_by_role on conversions.conversion_type = types_by_role.conversion_type
),

group_members as (
    select *
    from {{ ref('int_conversions__people') }}
),

roles as (
    select
        by_role.conversion_id,
        members.person_id,
        members.role,  -- noqa: RF04
        lower(coalesce(trim(members.role), '(no role)')) as role_key
    from {{ ref('int_buying_groups__members') }} as members
    inner join by_role on members.salesforce_opportunity_id = by_role.salesforce_opportunity_id
    where members.basis = 'contact_role'
),

weights as (
    select
        weight,
        lower(role) as role_key
    from {{ ref('role_weights') }}
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
),

-- Few deployments credit by role, so that what has a role is joined alone, by ids.
with_roles as (
    select
        unioned.conversion_id,
        unioned.person_id,
        roles.role,  -- noqa: RF04
        if(by_role.conversion_id is null, null, coalesce(roles.role_key, '(no role)')) as role_key
    from unioned
    left join by_role on unioned.conversion_id = by_role.conversion_id
    left join roles
        on
            unioned.conversion_id = roles.conversion_id
            and unioned.person_id = roles.person_id
),

weighed as (
    select
        with_roles.conversion_id,
        with_roles.person_id,
        with_roles.role,
        if(with_roles.role_key is null, 1, coalesce(weights.weight, others.weight))
            as role_weight
    from with_roles
    left join weights as others on others.role_key = 'other'  -- noqa: RF04
    left join weights on with_roles.role_key = weights.role_key
)

select * from weighed
