with

record_identifiers as (

    select * from {{ ref('int_identity__record_identifiers') }}
    where id_type = 'email'

),

accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

hosts as (

    select split_part(id_value, '@', -1) as host_name from record_identifiers
    union
    select lower(trim(website)) as host_name from accounts
    where website is not null

)

select * from hosts
