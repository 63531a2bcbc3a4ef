with

conversions as (
    select
        fct_conversions.*,
        conversion_types.credited_by = 'role' as is_by_role
    from {{ ref('fct_conversions') }} as fct_conversions
    inner join {{ ref('conversion_types') }} as conversion_types
        on fct_conversions.conversion_type = conversion_types.conversion_type
    where fct_conversions.credit_conversion_id = fct_conversions.conversion_id
),

group_members as (
    select *
    from {{ ref('int_conversions__people') }}
),

roles as (
    select
        salesforce_opportunity_id,
        person_id,
        role,  -- noqa: RF04
        lower(coalesce(trim(role), '(no role)')) as role_key
    from {{ ref('int_buying_groups__members') }}
    where basis = 'contact_role'
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

with_roles as (
    select
        unioned.conversion_id,
        unioned.person_id,
        roles.role,  -- noqa: RF04
        if(conversions.is_by_role, coalesce(roles.role_key, '(no role)'), null) as role_key
    from unioned
    inner join conversions on unioned.conversion_id = conversions.conversion_id
    left join roles
        on
            conversions.is_by_role
            and conversions.salesforce_opportunity_id = roles.salesforce_opportunity_id
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
