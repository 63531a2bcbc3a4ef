with

record_identifiers as (

    select * from {{ ref('int_identity__record_identifiers') }}
    where not is_blocked

),

record_names as (

    select * from {{ ref('int_identity__record_names') }}
    where given_key is not null or family_key is not null

),

names as (

    select
        record_identifiers.id_type,
        record_identifiers.id_value,
        record_names.given_key,
        record_names.family_key,
        coalesce(
            length(record_names.given_key) > 1 and length(record_names.family_key) > 1, false
        ) as is_full_name,
        concat_ws(' ', record_names.given_key, record_names.family_key) as spelling
    from record_identifiers
    inner join record_names on record_identifiers.record_index = record_names.record_index
    group by all

),

counted as (

    select
        *,
        count(*) over (partition by id_type, id_value) as spelling_count
    from names

),

-- Beyond 200 spellings a value is nobody's own, and comparing all pairs would cost their square.
pairs as (

    select
        mine.id_type,
        mine.id_value,
        mine.spelling,
        theirs.spelling as other_spelling,
        mine.spelling_count,
        {{ name_part_agrees('mine.given_key', 'theirs.given_key') }} as is_given_agreed,
        {{ name_part_agrees('mine.family_key', 'theirs.family_key') }} as is_family_agreed,
        mine.given_key = theirs.family_key and mine.family_key = theirs.given_key as is_swapped,
        mine.given_key = theirs.given_key as is_same_given
    from counted as mine
    inner join counted as theirs
        on
            mine.id_type = theirs.id_type
            and mine.id_value = theirs.id_value
            and theirs.is_full_name
    where mine.spelling_count between 2 and 200

),

-- One address, one given name, two family names: a name changed, not two people.
agreeing as (

    select
        id_type,
        id_value,
        spelling,
        min(other_spelling) as name_group
    from pairs
    where
        (is_given_agreed and is_family_agreed)
        or is_swapped
        or (id_type = 'email' and is_same_given and spelling_count = 2)
    group by all

),

grouped as (

    select
        counted.*,
        coalesce(agreeing.name_group, counted.spelling) as name_group
    from counted
    left join agreeing
        on
            counted.id_type = agreeing.id_type
            and counted.id_value = agreeing.id_value
            and counted.spelling = agreeing.spelling

)

select * from grouped
