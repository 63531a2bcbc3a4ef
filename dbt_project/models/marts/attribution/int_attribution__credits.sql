with

attributed as (
    select *
    from {{ ref('fct_attributed_conversions') }}
),

conversions as (
    select
        conversions.conversion_id,
        conversions.conversion_type,
        conversion_types.is_counted
    from {{ ref('fct_conversions') }} as conversions
    inner join {{ ref('conversion_types') }} as conversion_types
        on
            conversions.conversion_type = conversion_types.conversion_type
),

credits as (
    select
        attributed.model,
        cast(date_trunc('month', attributed.converted_at) as date) as period,
        attributed.channel,
        attributed.campaign_id,
        conversions.conversion_type,
        conversions.is_counted,
        {{ exact_sum('attributed.weight') }}::double as weight,
        sum(attributed.revenue_usd) as revenue_usd
    from attributed
    inner join conversions on attributed.conversion_id = conversions.conversion_id
    group by all
)

select * from credits
