with

raw_names as (
    select campaign_name from {{ ref('stg_salesforce__campaigns') }}
    union
    select campaign_name from {{ ref('int_spend__days') }}
    union
    select campaign_name from {{ ref('stg_costs__costs') }}
    union
    select utm_campaign as campaign_name from {{ ref('int_web__counted_pages') }}
    union
    select utm_campaign as campaign_name from {{ ref('stg_hubspot__email_events') }}
    union
    select {{ query_value("page_url", "utm_campaign") }} as campaign_name
    from {{ ref('stg_hubspot__form_submissions') }}
),

names as (
    select distinct trim(campaign_name) as campaign_name
    from raw_names
    where trim(campaign_name) != ''
),

split as (
    select
        campaign_name,
        regexp_split_to_array(
            regexp_replace(campaign_name, '(?i)q([1-4])[ _-]+(20[0-9][0-9])', 'Q\1-\2'), '[_\s]+'
        ) as tokens
    from names
),

tokens as (
    select
        campaign_name,
        unnest(tokens) as token,
        generate_subscripts(tokens, 1) as token_number
    from split
)

select * from tokens
