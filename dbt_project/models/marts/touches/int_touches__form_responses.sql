with recursive

touches as (
    select *
    from {{ ref('int_touches__labelled') }}
    where person_id is not null
),

fill_campaigns as (
    select *
    from {{ ref('int_touches__fill_campaigns') }}
),

rules as (
    select seconds as apart_seconds
    from {{ ref('touch_rules') }}
    where rule = 'form_response'
),

responses as (
    select *
    from touches
    where touch_type = 'campaign_response'
),

-- One number orders them all, so that in each round some pair comes first for both its records.
candidates as (
    select
        responses.touch_id,
        fills.touch_id as fill_id,
        row_number() over (
            order by
                abs(date_diff('day', fills.touched_at, responses.touched_at)),
                fills.touched_at, responses.touched_at, fills.touch_id, responses.touch_id
        ) as place
    from responses
    inner join touches as fills on responses.person_id = fills.person_id
    inner join fill_campaigns
        on
            fills.touch_id = fill_campaigns.touch_id
            and responses.campaign_name = fill_campaigns.campaign_name
    cross join rules
    where
        abs(epoch_us(fills.touched_at) - epoch_us(responses.touched_at))
        <= rules.apart_seconds * 1000000
),

-- A round pairs what comes first for both its records; the next goes on without these records.
rounds as (
    select
        *,
        place = min(place) over (partition by touch_id)
        and place = min(place) over (partition by fill_id) as is_pair
    from candidates
    union all
    select
        *,
        place = min(place) over (partition by touch_id)
        and place = min(place) over (partition by fill_id) as is_pair
    from (
        select * exclude (is_pair)
        from rounds
        qualify
            not bool_or(is_pair) over (partition by touch_id)
            and not bool_or(is_pair) over (partition by fill_id)
    ) as left_over
),

pairs as (
    select
        touch_id,
        fill_id as duplicate_of
    from rounds
    where is_pair
)

select * from pairs
