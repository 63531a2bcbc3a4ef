with

touches as (
    select *
    from {{ ref('conversion_touches') }}
),

unpivoted as (
    {% for model in attribution_models() %}
        select
            conversion_id,
            touch_id,
            person_id,
            account_id,
            channel,
            campaign_id,
            '{{ model }}' as model,  -- noqa: RF04
            {{ model }}_weight as weight,
            {{ model }}_revenue_local as revenue_local,
            currency,
            {{ model }}_revenue_usd as revenue_usd,
            converted_at
        from touches
        where {{ model }}_weight > 0
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from unpivoted
