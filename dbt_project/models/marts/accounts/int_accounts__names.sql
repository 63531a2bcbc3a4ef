with

grouped as (

    select * from {{ ref('int_accounts__grouped') }}

),

candidates as (

    select * from {{ ref('dim_people_candidates') }}
    where attribute = 'company_name'

),

legal_forms as (

    select * from {{ ref('company_legal_forms') }}

),

written as (

    select account_name as company_name from grouped
    union
    select attribute_value as company_name from candidates

),

-- S.p.A. is one word, so dots and apostrophes go before the name is cut into words.
listed as (

    select
        company_name,
        regexp_extract_all(
            regexp_replace(lower(strip_accents(company_name)), '[.''’]', '', 'g'),
            '[\p{L}\p{N}]+'
        ) as words
    from written
    where company_name is not null

),

spelled as (

    select
        company_name,
        unnest(words) as word,
        generate_subscripts(words, 1) as place
    from listed

),

marked as (

    select
        spelled.*,
        max(spelled.place) filter (where legal_forms.legal_form is null)
            over (partition by spelled.company_name) as last_place
    from spelled
    left join legal_forms on spelled.word = legal_forms.legal_form

),

-- Only the end of a name is its legal form: SA Recycling keeps its first word.
names as (

    select
        company_name,
        string_agg(word, ' ' order by place) as name_key,
        list(distinct left(word, 4) order by left(word, 4)) as blocks
    from marked
    where last_place is null or place <= last_place
    group by all

)

select * from names
