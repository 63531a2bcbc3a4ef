with

source as (

    select * from {{ source("salesforce", "lead_report") }}

),

renamed as (

    select
        ---------- ids
        {{ salesforce_id18(text("Lead ID")) }} as salesforce_lead_id,

        ---------- person
        {{ text("First Name") }} as first_name,
        {{ text("Last Name") }} as last_name,
        {{ text("_normal_Email") }} as email,
        {{ text("_normal_Phone") }} as phone,
        {{ text("_normal_Mobile") }} as mobile_phone,
        {{ text("Title") }} as title,

        ---------- company
        {{ text("Company / Account") }} as company_name,
        {{ text("Country") }} as country,

        ---------- text
        {{ text("Lead Source") }} as lead_source,
        {{ text("Lead Status") }} as status,

        ---------- booleans
        {{ as_boolean("Email Opt Out") }} as has_opted_out_of_email,

        ---------- times: a day of the user's, whose zone the report does not say
        {{ report_date("Create Date") }} as created_date,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("salesforce_lead_id") }}

)

select * from latest
