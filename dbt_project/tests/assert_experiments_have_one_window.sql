-- Fails if rows of one experiment and channel disagree on when it starts or ends. This exists
-- because lift_results takes one window for everyone assigned.
select
    experiment,
    channel
from {{ source('experiments_state', 'holdout_assignments') }}
group by experiment, channel
having
    count(distinct starts_at) > 1
    or count(distinct ends_at) > 1
    or min(starts_at) >= max(ends_at)
