with recursive

grouped as (

    select * from {{ ref('int_accounts__grouped') }}

),

links as (

    select
        children.account_id,
        parents.account_id as parent_account_id
    from grouped as children
    inner join grouped as parents
        on children.parent_salesforce_account_id = parents.salesforce_account_id
    where children.account_id != parents.account_id
    qualify row_number() over (
        partition by children.account_id
        order by children.is_deleted, children.created_at, children.salesforce_account_id
    ) = 1

),

-- `union` keeps each pair once, so a circle of parents ends the walk instead of turning for ever.
ancestors as (

    select
        account_id,
        parent_account_id as ancestor_id
    from links
    union
    select
        ancestors.account_id,
        links.parent_account_id as ancestor_id
    from ancestors
    inner join links on ancestors.ancestor_id = links.account_id

),

-- A circle is cut above its smallest id, which so becomes its ultimate parent.
cut as (

    select account_id
    from ancestors
    group by account_id
    having bool_or(account_id = ancestor_id) and account_id = min(ancestor_id)

),

kept_links as (

    select * from links
    where account_id not in (select cut.account_id from cut)

),

climbs as (

    select
        account_id,
        parent_account_id as ancestor_id,
        1 as step
    from kept_links
    union all
    select
        climbs.account_id,
        kept_links.parent_account_id as ancestor_id,
        climbs.step + 1 as step
    from climbs
    inner join kept_links on climbs.ancestor_id = kept_links.account_id

),

tops as (

    select
        account_id,
        max(step) as hierarchy_depth,
        arg_max(ancestor_id, step) as ultimate_parent_account_id
    from climbs
    group by all

),

hierarchy as (

    select
        links.account_id,
        kept_links.parent_account_id,
        if(kept_links.account_id is null, links.parent_account_id, null) as cut_parent_account_id,
        coalesce(tops.ultimate_parent_account_id, links.account_id) as ultimate_parent_account_id,
        coalesce(tops.hierarchy_depth, 0) as hierarchy_depth
    from links
    left join kept_links on links.account_id = kept_links.account_id
    left join tops on links.account_id = tops.account_id

)

select * from hierarchy
