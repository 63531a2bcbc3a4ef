with

fills as (
    select *
    from {{ ref('int_touches__labelled') }}
    where touch_type = 'form_fill'
),

submissions as (
    select *
    from {{ ref('stg_hubspot__form_submissions') }}
),

names as (
    select *
    from {{ ref('int_campaigns__names') }}
),

forms as (
    select
        *,
        coalesce(valid_to, date '9999-12-31') as valid_until
    from {{ ref('form_campaigns') }}
),

of_forms as (
    select
        fills.touch_id,
        names.canonical_name as campaign_name
    from fills
    inner join submissions on fills.source_record_id = submissions.hubspot_form_submission_id
    inner join forms
        on
            submissions.form_id = forms.form_id
            and fills.touched_at >= forms.valid_from
            and fills.touched_at < forms.valid_until
    inner join names on forms.campaign_name = names.campaign_name
),

campaigns as (
    select
        touch_id,
        campaign_name
    from fills
    where campaign_name is not null
    union
    select * from of_forms
)

select * from campaigns
