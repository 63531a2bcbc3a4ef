with

members as (

    select * from {{ ref('int_buying_groups__members') }}

),

rules as (

    select * from {{ ref('buying_group_rules') }}

),

opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}

),

grouped as (

    select * from {{ ref('int_accounts__grouped') }}

),

touches as (

    select * from {{ ref('fct_touches') }}
    where is_consented

),

believed as (

    select
        members.salesforce_opportunity_id,
        members.person_id,
        arg_min(members.basis, rules.priority) as basis,
        bool_or(members.is_primary) as is_primary,
        max(members.role) as role,
        max(rules.lookback_days) as lookback_days
    from members
    inner join rules on members.basis = rules.basis
    group by all

),

timed as (

    select
        believed.*,
        grouped.account_id,
        opportunities.created_at - to_days(believed.lookback_days) as opens_at,
        if(opportunities.is_closed, opportunities.close_date + interval 1 day, {{ as_of() }})
            as closes_at
    from believed
    inner join opportunities
        on believed.salesforce_opportunity_id = opportunities.salesforce_opportunity_id
    left join grouped on opportunities.salesforce_account_id = grouped.salesforce_account_id

),

engaged as (

    select
        ---------- ids
        timed.salesforce_opportunity_id,
        timed.person_id,
        timed.account_id,

        ---------- how they belong
        timed.basis,
        timed.role,
        timed.is_primary,

        ---------- what they did while it was open
        count(touches.touch_id) as touch_count,
        min(touches.touched_at) as first_engaged_at,
        max(touches.touched_at) as last_engaged_at
    from timed
    left join touches
        on
            timed.person_id = touches.person_id
            and timed.opens_at <= touches.touched_at
            and timed.closes_at > touches.touched_at
    group by all

),

-- Of the account's people, those who did something.
taking_part as (

    select * from engaged
    where basis != 'account_engaged' or touch_count > 0

)

select * from taking_part
