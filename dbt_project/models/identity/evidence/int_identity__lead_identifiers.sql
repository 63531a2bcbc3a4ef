with

leads as (

    select * from {{ ref('stg_salesforce__leads') }}

),

campaign_members as (

    select * from {{ ref('stg_salesforce__campaign_members') }}

),

lead_values as (

    select
        'salesforce' as source,
        'lead' as record_type,
        salesforce_lead_id as record_id,
        unnest([
            'salesforce_lead_id',
            'salesforce_lead_id',
            'salesforce_contact_id',
            'email',
            'phone',
            'phone',
        ]) as id_type,
        unnest([
            salesforce_lead_id,
            master_record_id,
            converted_contact_id,
            email,
            phone,
            mobile_phone,
        ]) as id_value,
        unnest([
            'own id',
            'merged lead',
            'converted lead',
            'lead e-mail',
            'lead phone',
            'lead mobile phone',
        ]) as rule,
        created_at as observed_at,
        _file,
        _line,
        _load_id
    from leads

),

-- A member that names a lead and a contact was converted after it joined the campaign.
member_values as (

    select
        'salesforce' as source,
        'lead' as record_type,
        campaign_members.salesforce_lead_id as record_id,
        'salesforce_contact_id' as id_type,
        campaign_members.salesforce_contact_id as id_value,
        'campaign member' as rule,
        campaign_members.created_at as observed_at,
        campaign_members._file,
        campaign_members._line,
        campaign_members._load_id
    from campaign_members
    inner join leads on campaign_members.salesforce_lead_id = leads.salesforce_lead_id

),

unioned as (

    select * from lead_values
    union all
    select * from member_values

)

select * from unioned
