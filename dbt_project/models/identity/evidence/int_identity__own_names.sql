with

records as (

    select * from {{ ref('int_identity__records') }}

),

nicknames as (

    select * from {{ ref('identity_nicknames') }}

),

blocked_names as (

    select pattern from {{ ref('int_identity__value_patterns') }}
    where id_type = 'name'

),

distinct_names as (

    select distinct unnest([first_name, last_name]) as written
    from records

),

spelled as (

    select
        written,
        regexp_replace(lower(strip_accents(written)), '[^\p{L}]', '', 'g') as spelling
    from distinct_names
    where written is not null

),

plain as (

    select
        spelled.written,
        spelled.spelling as family_key,
        coalesce(nicknames.given_name, spelled.spelling) as given_key
    from spelled
    left join nicknames on spelled.spelling = nicknames.nickname
    where
        spelled.spelling != ''
        and not exists (
            select 1 from blocked_names
            where regexp_full_match(spelled.spelling, blocked_names.pattern)
        )

),

own_names as (

    select
        records.record_index,
        given_names.given_key,
        family_names.family_key
    from records
    left join plain as given_names on records.first_name = given_names.written
    left join plain as family_names on records.last_name = family_names.written

)

select * from own_names
