with

conversions as (
    select
        *,
        (abs(revenue_local) * 100)::double as local_cents,
        (abs(revenue_usd) * 100)::double as usd_cents,
        revenue_usd != revenue_local as is_converted,
        0.01::double * sign(revenue_local) as local_cent,
        0.01::double * sign(revenue_usd) as usd_cent
    from {{ ref('fct_conversions') }}
),

weights as (
    select *
    from {{ ref('int_attribution__masked') }}
),

-- A refund reads the weights of the sale it refunds, so both follow the same shares.
credits as materialized (
    select
        weights.*,
        conversions.conversion_id as for_conversion_id,
        conversions.converted_at,
        conversions.currency,
        conversions.is_converted,
        conversions.local_cents,
        conversions.usd_cents,
        conversions.local_cent,
        conversions.usd_cent
    from weights
    inner join conversions on weights.conversion_id = conversions.credit_conversion_id
),

left_over as (
    select
        for_conversion_id,
        {% for model in attribution_models() -%}
            {{ last_with_a_cent(model, 'local', 'true') }} as {{ model }}_local_last,
            case
                when any_value(is_converted)
                    then {{ last_with_a_cent(model, 'usd', 'is_converted') }}
                else {{ model }}_local_last
            end as {{ model }}_usd_last
            {%- if not loop.last %},{% endif %}
        {% endfor -%}
    from credits
    group by for_conversion_id
),

amounts as (
    select
        ---------- ids
        credits.for_conversion_id as conversion_id,
        credits.touch_id,
        credits.person_id,
        credits.account_id,
        credits.campaign_id,
        ---------- the touch
        credits.channel,
        credits.touched_at,
        credits.touch_number,
        credits.touch_count,
        credits.cut_count,
        ---------- the conversion
        credits.currency,
        credits.converted_at,
        ---------- one weight and one amount a model: null where the conversion's value is not known
        {% for model in attribution_models() -%}
            {{ model }}_weight,
            {{ amount(model, 'local') }} as {{ model }}_revenue_local,
            {{ amount(model, 'usd') }} as {{ model }}_revenue_usd
            {%- if not loop.last %},{% endif %}
        {% endfor -%}
    from credits
    inner join left_over on credits.for_conversion_id = left_over.for_conversion_id
)

select * from amounts
