-- Fails if two identifiers, or one in two scopes, have the same hash. This exists because the
-- identity step joins records by that hash: a clash would make two strangers one person.
with

links as (
    select distinct
        value_hash,
        id_type,
        id_value,
        scope
    from {{ ref('int_identity__links') }}
)

select value_hash
from links
group by all
having count(*) > 1
