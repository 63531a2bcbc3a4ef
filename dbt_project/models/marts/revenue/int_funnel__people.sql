with

mqls as (
    select
        person_id,
        cast(converted_at as date) as mql_date
    from {{ ref('fct_conversions') }}
    where conversion_type = 'mql'
),

deals as (
    select
        members.person_id,
        conversions.conversion_type,
        cast(conversions.converted_at as date) as reached_date
    from {{ ref('int_conversions__people') }} as members
    inner join {{ ref('fct_conversions') }} as conversions
        on members.conversion_id = conversions.conversion_id
),

reached as (
    select
        person_id,
        'sql_days' as rule,
        sql_date as reached_date
    from {{ ref('int_funnel__sqls') }}
    union all
    select
        person_id,
        case conversion_type
            when 'opportunity_created' then 'opportunity_days'
            when 'closed_won' then 'won_days'
        end as rule,
        reached_date
    from deals
),

in_time as (
    select
        mqls.person_id,
        reached.rule
    from mqls
    inner join reached on mqls.person_id = reached.person_id
    inner join {{ ref('revenue_rules') }} as rules on reached.rule = rules.rule
    where reached.reached_date between mqls.mql_date and mqls.mql_date + rules.value
),

people as (
    select
        mqls.person_id,
        mqls.mql_date,
        coalesce(bool_or(in_time.rule = 'sql_days'), false) as has_sql,
        coalesce(bool_or(in_time.rule = 'opportunity_days'), false) as has_opportunity,
        coalesce(bool_or(in_time.rule = 'won_days'), false) as has_won
    from mqls
    left join in_time on mqls.person_id = in_time.person_id
    group by all
)

select * from people
