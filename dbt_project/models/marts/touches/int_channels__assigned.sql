with

touches as (
    select
        touch_type,
        utm_source,
        utm_medium,
        program,
        campaign_type,
        referrer_host,
        click_id_type
    from {{ ref('int_touches__labelled') }}
),

crm_campaigns as (
    select
        'campaign_response' as touch_type,
        campaign_names.program,
        campaigns.campaign_type
    from {{ ref('stg_salesforce__campaigns') }} as campaigns
    left join {{ ref('int_campaigns__names') }} as campaign_names
        on trim(campaigns.campaign_name) = campaign_names.campaign_name
),

ad_campaigns as (
    select
        'web_session' as touch_type,
        ad_days.utm_source,
        ad_days.utm_medium,
        campaign_names.program
    from {{ ref('int_spend__days') }} as ad_days
    left join {{ ref('int_campaigns__names') }} as campaign_names
        on ad_days.campaign_name = campaign_names.campaign_name
),

rules as (
    select *
    from {{ ref('channel_rules') }}
),

signatures as (
    select * from touches
    union by name
    select * from crm_campaigns
    union by name
    select * from ad_campaigns
),

matched as (
    select
        signatures.*,
        arg_min(rules.rule, rules.priority) as channel_rule,
        arg_min(rules.channel, rules.priority) as channel
    from signatures
    inner join rules
        on
            true
        {% for field in [
            "touch_type", "utm_source", "utm_medium", "program", "campaign_type",
            "referrer_host", "click_id_type",
        ] -%}
                and (
                    rules.{{ field }} is null
                    or regexp_full_match(
                        coalesce(signatures.{{ field }}, ''), rules.{{ field }}, 'i'
                    )
                )
            {% endfor -%}
    group by all
)

select * from matched
