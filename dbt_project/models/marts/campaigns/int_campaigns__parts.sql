with

tokens as (
    select *
    from {{ ref('int_campaigns__tokens') }}
),

vocabulary as (
    select distinct
        part,
        value
    from {{ ref('utm_taxonomy') }}
    where part in ('program', 'segment') and kind = 'value'
),

candidates as (
    select
        tokens.campaign_name,
        tokens.token_number,
        vocabulary.part,
        vocabulary.value,
        damerau_levenshtein(lower(tokens.token), lower(vocabulary.value)) as distance
    from tokens
    inner join vocabulary
        on
            damerau_levenshtein(lower(tokens.token), lower(vocabulary.value))
            <= if(len(vocabulary.value) >= 7, 2, if(len(vocabulary.value) >= 5, 1, 0))
),

recognised as (
    select
        campaign_name,
        token_number,
        part,
        value as part_value
    from candidates
    qualify
        row_number() over (
            partition by campaign_name, part order by distance, token_number, value
        ) = 1
),

quarters as (
    select
        campaign_name,
        min(token_number) as token_number,
        'quarter' as part,
        min_by(
            upper(regexp_extract(token, '(?i)q[1-4]')) || '-'
            || regexp_extract(token, '20[0-9][0-9]'), token_number
        ) as part_value
    from tokens
    where regexp_full_match(token, 'q[1-4]-?20[0-9][0-9]|20[0-9][0-9]-?q[1-4]', 'i')
    group by campaign_name
),

parts as (
    select * from recognised
    union all by name
    select * from quarters
),

assembled as (
    select
        tokens.campaign_name,
        max(parts.part_value) filter (where parts.part = 'program') as program,  -- noqa: RF04
        max(parts.part_value) filter (where parts.part = 'segment') as segment,
        max(parts.part_value) filter (where parts.part = 'quarter') as quarter,  -- noqa: RF04
        string_agg(tokens.token, '-' order by tokens.token_number)
        filter (where parts.part is null and tokens.token != '') as short_name
    from tokens
    left join parts
        on
            tokens.campaign_name = parts.campaign_name
            and tokens.token_number = parts.token_number
    group by all
)

select * from assembled
