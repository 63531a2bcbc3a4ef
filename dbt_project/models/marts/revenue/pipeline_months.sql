with

months as (
    select *
    from {{ ref('int_revenue__months') }}
),

opportunities as (
    select *
    from {{ ref('int_pipeline__opportunities') }}
),

created as (
    select
        cast(date_trunc('month', created_date) as date) as period,
        count(*) as opportunities,
        sum(pipeline_usd) as pipeline_usd,
        {% for way in ['sourced', 'influenced'] -%}
            count(*) filter (where is_marketing_{{ way }}) as marketing_{{ way }}_opportunities,
            sum(pipeline_usd) filter (where is_marketing_{{ way }})
                as marketing_{{ way }}_pipeline_usd{% if not loop.last %},{% endif %}
        {% endfor %}
    from opportunities
    group by all
),

closed as (
    select
        cast(date_trunc('month', closed_date) as date) as period,
        count(*) filter (where is_won) as won,
        count(*) filter (where is_lost) as lost,
        sum(revenue_usd) as won_usd,
        count(revenue_usd) as valued_count,
        sum(cycle_days) as cycle_days,
        count(cycle_days) as cycle_count,
        median(cycle_days) as sales_cycle_days_median
    from opportunities
    group by all
),

summed as (
    select
        months.period,
        {% for count in ['opportunities', 'marketing_sourced_opportunities',
            'marketing_influenced_opportunities'] -%}
            coalesce(created.{{ count }}, 0) as {{ count }},
        {% endfor -%}
        {% for amount in ['pipeline_usd', 'marketing_sourced_pipeline_usd',
            'marketing_influenced_pipeline_usd'] -%}
            cast(coalesce(created.{{ amount }}, 0) as decimal(18, 2)) as {{ amount }},
        {% endfor -%}
        coalesce(closed.won, 0) as won,
        coalesce(closed.lost, 0) as lost,
        cast(coalesce(closed.won_usd, 0) as decimal(18, 2)) as won_usd,
        coalesce(closed.valued_count, 0) as won_valued,
        coalesce(closed.cycle_count, 0) as won_timed,
        coalesce(closed.cycle_days, 0) as won_days,
        cast(closed.won as double) / nullif(closed.won + closed.lost, 0) as win_rate,
        cast(closed.won_usd as double) / nullif(closed.valued_count, 0) as average_deal,
        cast(closed.cycle_days as double) / nullif(closed.cycle_count, 0) as sales_cycle_days,
        closed.sales_cycle_days_median
    from months
    left join created on months.period = created.period
    left join closed on months.period = closed.period
),

rated as (
    select
        * exclude (average_deal),
        cast(average_deal as decimal(18, 2)) as average_deal_usd,
        cast(
            opportunities * win_rate * average_deal / nullif(sales_cycle_days, 0)
            as decimal(18, 2)
        ) as pipeline_velocity_usd,
        cast(marketing_sourced_pipeline_usd as double)
        / nullif(pipeline_usd, 0) as marketing_sourced_share,
        cast(marketing_influenced_pipeline_usd as double) / nullif(pipeline_usd, 0)
            as marketing_influenced_share
    from summed
)

select * from rated
