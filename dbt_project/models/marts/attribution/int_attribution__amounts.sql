with

weights as (
    select *
    from {{ ref('int_attribution__masked') }}
),

conversions as (
    select *
    from {{ ref('fct_conversions') }}
),

-- A refund reads the weights of the sale it refunds, so both follow the same shares.
credits as (
    select
        conversions.conversion_id,
        conversions.converted_at,
        conversions.currency,
        weights.model,
        weights.touch_id,
        weights.person_id,
        weights.account_id,
        weights.channel,
        weights.campaign_id,
        weights.touched_at,
        weights.touch_number,
        weights.touch_count,
        weights.cut_count,
        weights.weight,
        cast(abs(conversions.revenue_local) * 100 as bigint) as local_cents,
        cast(abs(conversions.revenue_usd) * 100 as bigint) as usd_cents,
        sign(conversions.revenue_local) as local_sign,
        sign(conversions.revenue_usd) as usd_sign
    from conversions
    inner join weights on conversions.credit_conversion_id = weights.conversion_id
),

-- Doubles are exact to far less than the millionth of a cent that is rounded away here, so that
-- equal remainders tie and the tie goes to the earlier touch.
floored as (
    select
        *,
        cast(floor(weight * local_cents + 1e-6) as bigint) as local_floor,
        cast(floor(weight * usd_cents + 1e-6) as bigint) as usd_floor,
        round(weight * local_cents - floor(weight * local_cents + 1e-6), 6) as local_remainder,
        round(weight * usd_cents - floor(weight * usd_cents + 1e-6), 6) as usd_remainder
    from credits
),

ranked as (
    select
        *,
        local_cents - sum(local_floor) over journey as local_left,
        usd_cents - sum(usd_floor) over journey as usd_left,
        row_number() over (
            partition by conversion_id, model order by local_remainder desc, touch_number asc
        ) as local_rank,
        row_number() over (
            partition by conversion_id, model order by usd_remainder desc, touch_number asc
        ) as usd_rank
    from floored
    window journey as (partition by conversion_id, model)
),

amounts as (
    select
        conversion_id,
        converted_at,
        model,
        touch_id,
        person_id,
        account_id,
        channel,
        campaign_id,
        touched_at,
        touch_number,
        touch_count,
        cut_count,
        weight,
        currency,
        cast(
            local_sign * (local_floor + cast(local_rank <= local_left as integer)) as decimal(18, 2)
        ) / 100 as revenue_local,
        cast(
            usd_sign * (usd_floor + cast(usd_rank <= usd_left as integer)) as decimal(18, 2)
        ) / 100 as revenue_usd
    from ranked
)

select * from amounts
