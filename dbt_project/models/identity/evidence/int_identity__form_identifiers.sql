with

form_submissions as (

    select * from {{ ref('stg_hubspot__form_submissions') }}

),

form_values as (

    select
        hubspot_form_submission_id as record_id,
        submitted_at as observed_at,
        _file,
        _line,
        _load_id,
        'hubspot' as source,
        'form_submission' as record_type,
        unnest(['email', 'phone', 'anonymous_id']) as id_type,
        unnest([email, phone, anonymous_id]) as id_value,
        unnest(['form e-mail', 'form phone', 'form cookie']) as rule
    from form_submissions

)

select * from form_values
