with

months as (
    select *
    from {{ ref('int_revenue__months') }}
),

longest_wait as (
    select max(value) as day_count
    from {{ ref('revenue_rules') }}
    where rule in ('sql_days', 'opportunity_days', 'won_days')
),

counted as (
    select
        months.period,
        count(people.person_id) as mqls,
        count(*) filter (where people.has_sql) as sqls,
        count(*) filter (where people.has_opportunity) as opportunities,
        count(*) filter (where people.has_won) as won,
        months.next_period + longest_wait.day_count <= cast({{ as_of() }} as date) as is_complete
    from months
    cross join longest_wait
    left join {{ ref('int_funnel__people') }} as people
        on months.period <= people.mql_date and months.next_period > people.mql_date
    group by months.period, months.next_period, longest_wait.day_count
),

shared as (
    select
        *,
        sqls::double / nullif(mqls, 0) as mql_to_sql,
        opportunities::double / nullif(sqls, 0) as sql_to_opportunity,
        won::double / nullif(opportunities, 0) as opportunity_to_won,
        won::double / nullif(mqls, 0) as mql_to_won
    from counted
)

select * from shared
