with

amounts as (
    select *
    from {{ ref('int_attribution__amounts') }}
),

pivoted as (
    select
        ---------- ids
        conversion_id,
        touch_id,
        person_id,
        account_id,
        campaign_id,
        ---------- the touch
        channel,
        touched_at,
        touch_number,
        touch_count,
        cut_count,
        ---------- the conversion
        currency,
        converted_at,
        ---------- one weight and one amount a model: null where the conversion's value is not known
        {% for model in attribution_models() -%}
            coalesce(max(weight) filter (where model = '{{ model }}'), 0) as {{ model }}_weight,
            cast(coalesce(
                max(revenue_local) filter (where model = '{{ model }}'), 0 * max(revenue_local)
            ) as decimal(18, 2)) as {{ model }}_revenue_local,
            cast(coalesce(
                max(revenue_usd) filter (where model = '{{ model }}'), 0 * max(revenue_usd)
            ) as decimal(18, 2)) as {{ model }}_revenue_usd{% if not loop.last %},{% endif %}
        {% endfor -%}
    from amounts
    group by all
)

select * from pivoted
