with

campaigns as (
    select *
    from {{ ref('dim_campaigns') }}
),

placed as (
    select
        *,
        array_position(
            [
                'salesforce', 'google_ads', 'meta_ads', 'linkedin_ads', 'microsoft_ads', 'hubspot',
                'utm'
            ],
            campaign_source
        ) as place
    from campaigns
),

main as (
    select
        canonical_name,
        arg_min(campaign_id, (place, campaign_id)) as campaign_id,
        arg_min(channel, (place, campaign_id)) as channel
    from placed
    group by canonical_name
)

select * from main
