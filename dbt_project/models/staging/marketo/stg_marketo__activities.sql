with

source as (

    select * from {{ source("marketo", "activities") }}

),

parsed as (

    select
        *,
        {{ marketo_attributes("attributes") }} as known
    from source

),

located as (

    select
        *,
        coalesce(
            {{ json_text("known", '$."Link"') }}, {{ json_text("known", '$."Webpage URL"') }}
        ) as found_url
    from parsed

),

renamed as (

    select
        ---------- ids
        {{ marketo_text("marketoGUID") }} as marketo_activity_id,
        {{ marketo_text("leadId") }} as marketo_lead_id,
        {{ marketo_text("campaignId") }} as smart_campaign_id,
        {{ marketo_text("primaryAttributeValueId") }} as primary_attribute_id,
        {{ as_number("activityTypeId", "integer") }} as activity_type_id,

        ---------- text
        case activity_type_id
            when 1 then 'visit_web_page'
            when 2 then 'fill_out_form'
            when 6 then 'send_email'
            when 7 then 'email_delivered'
            when 8 then 'email_bounced'
            when 9 then 'unsubscribe_email'
            when 10 then 'open_email'
            when 11 then 'click_email'
            when 12 then 'new_lead'
            when 13 then 'change_data_value'
            when 32 then 'merge_leads'
            when 37 then 'delete_lead'
            when 104 then 'change_program_status'
        end as activity_type,
        {{ marketo_text("primaryAttributeValue") }} as primary_attribute,
        known as attributes,
        {{ json_text("known", '$."New Status"') }} as new_status,
        found_url as url,
        {{ query_value("found_url", "utm_source") }} as utm_source,
        {{ query_value("found_url", "utm_medium") }} as utm_medium,
        {{ query_value("found_url", "utm_campaign") }} as utm_campaign,
        {{ query_value("found_url", "utm_content") }} as utm_content,
        {{ query_value("found_url", "utm_term") }} as utm_term,

        ---------- timestamps
        {{ marketo_utc("activityDate") }} as occurred_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from located

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("marketo_activity_id") }}

)

select * from latest
