with

identity_metrics as (

    select * from {{ source('state', 'identity_metrics') }}

),

runs as (

    select * from {{ ref('identity_runs') }}

),

metrics as (

    select
        runs.run_number,
        runs.run_id,
        runs.as_of,
        identity_metrics.metric,
        identity_metrics.value
    from identity_metrics
    inner join runs on identity_metrics.run_number = runs.run_number

)

select * from metrics
