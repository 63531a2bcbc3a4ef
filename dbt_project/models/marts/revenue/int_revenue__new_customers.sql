with

sales as (
    select
        *,
        coalesce('account:' || account_id, 'person:' || person_id, conversion_id) as customer
    from {{ ref('fct_conversions') }}
    where conversion_type = 'closed_won'
),

firsts as (
    select
        customer,
        conversion_id,
        account_id,
        person_id,
        converted_at,
        cast(date_trunc('month', converted_at) as date) as period
    from sales
    qualify
        row_number() over (partition by customer order by converted_at, conversion_id) = 1
)

select * from firsts
