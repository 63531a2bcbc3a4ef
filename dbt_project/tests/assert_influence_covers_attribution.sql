-- Fails if a channel influenced fewer conversions of a type and month than a rule model credits it
-- with, or more than there were. This exists because influence counts whole conversions and
-- attribution shares of the same ones: a report that mixes them up would show here.
with

credited as (
    select
        model,
        conversion_type,
        period,
        channel,
        sum(weight) as weight
    from {{ ref('int_attribution__credits') }}
    where not starts_with(channel, '(')
    group by all
),

compared as (
    select
        credited.*,
        influence.influenced_conversions,
        influence.influenced_share
    from credited
    left join {{ ref('channel_influence') }} as influence
        on
            credited.conversion_type = influence.conversion_type
            and credited.period = influence.period
            and credited.channel = influence.channel
)

select *
from compared
where
    influenced_conversions is null
    or weight > influenced_conversions + 1e-9
    or influenced_share > 1
