"""The SQL of a plan: a sync model against what the destination was confirmed to hold.

Names from syncs.yml are checked by `activation.config` (lower_snake_case), so they are safe to
place in SQL.
"""

from activation.config import Sync

_PLAN = """
create or replace temp table planned as

with

candidates as (

    select
        cast({key} as varchar) as record_key,
        person_id,
        reason,
        coalesce(is_allowed, false) as is_allowed,
        {payload} as payload
    from sync.{model}

),

desired as (

    select
        *,
        case when is_allowed then sha256(payload) end as desired_hash
    from candidates

),

attempts as (

    select
        record_key,
        coalesce(max(entry_id) filter (status = 'sent'), 0) as last_sent_id,
        coalesce(max(entry_id) filter (status = 'unknown'), 0) as last_unknown_id,
        max(sequence) as last_sequence,
        arg_max(action, entry_id) as last_action,
        arg_max(coalesce(payload_hash, ''), entry_id) as last_hash,
        arg_max(status, entry_id) as last_status,
        arg_max(coalesce(person_id, ''), entry_id) as last_person_id
    from state.sync_ledger
    where sync = $sync and status <> 'withheld'
    group by all

),

holdings as (

    select record_key, person_id, payload_hash, payload
    from state.sync_holdings
    where sync = $sync

),

memory as (

    select
        record_key,
        coalesce(holdings.person_id, nullif(attempts.last_person_id, '')) as person_id,
        holdings.payload_hash as held_hash,
        holdings.payload as held_payload,
        coalesce(attempts.last_unknown_id > attempts.last_sent_id, false) as is_uncertain,
        coalesce(attempts.last_sequence, 0) as last_sequence,
        attempts.last_action,
        attempts.last_hash,
        coalesce(attempts.last_status, '') as last_status
    from attempts
    full outer join holdings using (record_key)

),

compared as (

    select
        coalesce(desired.record_key, memory.record_key) as record_key,
        coalesce(desired.person_id, memory.person_id) as person_id,
        desired.record_key is not null as is_candidate,
        desired.reason as candidate_reason,
        desired.desired_hash,
        desired.payload,
        memory.held_hash,
        memory.held_payload,
        coalesce(memory.is_uncertain, false) as is_uncertain,
        coalesce(memory.last_sequence, 0) as last_sequence,
        memory.last_action,
        memory.last_hash,
        coalesce(memory.last_status, '') as last_status
    from desired
    full outer join memory on desired.record_key = memory.record_key

),

acted as (

    select
        *,
        held_hash is not null or is_uncertain as is_held,
        case
            when desired_hash is null and held_hash is null and not is_uncertain then 'skip'
            when {keeps_leavers} then 'skip'
            when desired_hash is null then 'remove'
            when held_hash is null then 'add'
            when is_uncertain or held_payload is null then 'change'
            when {ignores_changes} then 'skip'
            when held_hash <> desired_hash then 'change'
            else 'skip'
        end as action
    from compared
    -- A record that came, went and is confirmed gone has nothing left to decide.
    where is_candidate or held_hash is not null or is_uncertain

),

explained as (

    select
        *,
        case
            when action in ('add', 'change') and is_uncertain then 'outcome_unknown'
            when action in ('add', 'change') and last_status = 'failed' then 'retry'
            when action = 'add' then candidate_reason
            when action = 'change' and held_payload is null then 'held_payload_lost'
            when action = 'change' then 'fields_changed'
            when desired_hash is null and is_candidate then candidate_reason
            when action = 'remove' then 'left_model'
            when desired_hash is null then 'left_model_kept'
            when held_hash <> desired_hash then 'attributes_not_synced'
            else 'unchanged'
        end as reason,
        case
            when action = 'change' and held_payload is not null
                then nullif(concat_ws(',', {changed_fields}), '')
        end as changed_fields,
        case when action in ('add', 'change') then desired_hash end as payload_hash
    from acted

),

numbered as (

    select
        *,
        -- The same unconfirmed change keeps its number, and so its idempotency key.
        case
            when action = 'skip' then null
            when last_status in ('failed', 'unknown')
                and last_action = action
                and last_hash = coalesce(payload_hash, '')
                then last_sequence
            else last_sequence + 1
        end as sequence
    from explained

)

select
    record_key,
    person_id,
    action,
    reason,
    string_split(changed_fields, ',') as changed_fields,
    payload_hash,
    sequence,
    case
        when action <> 'skip'
            then sha256(cast(to_json([
                $sync, record_key, action, coalesce(payload_hash, ''), cast(sequence as varchar)
            ]) as varchar))
    end as idempotency_key,
    case when action in ('add', 'change') then payload end as payload,
    is_held,
    is_candidate,
    desired_hash is not null as is_allowed
from numbered
"""

# An upsert keeps those who left the model, but never drops the removal of someone who may not be
# sent any more: it is repeated until the destination confirms it.
_KEEPS_LEAVERS = (
    "not is_candidate and not coalesce(last_action = 'remove' and last_status <> 'sent', false)"
)

AUDIENCE = """
select
    planned.record_key,
    case
        when planned.action in ('add', 'change') and excluded.record_key is null
            then planned.payload
        when planned.action <> 'remove' then holdings.payload
    end as held_after
from state.sync_plans as planned
left join state.sync_holdings as holdings
    on planned.sync = holdings.sync and planned.record_key = holdings.record_key
left join excluded on planned.record_key = excluded.record_key
where planned.plan_id = $plan_id
    and held_after is not null
"""


def plan_statement(sync: Sync) -> str:
    """The statement that fills temp table `planned`; binds `$sync`."""
    return _PLAN.format(
        key=sync.key,
        model=sync.model,
        payload=payload_expression(sync),
        keeps_leavers=_KEEPS_LEAVERS if sync.mode == "upsert" else "false",
        ignores_changes="true" if sync.mode == "audience" else "false",
        changed_fields=", ".join(_changed(name) for name in sorted(sync.fields)),
    )


def payload_expression(sync: Sync) -> str:
    """JSON text of the mapped fields, by name, so that their order in syncs.yml is no change."""
    parts = [_member(name, column, sync.nulls) for name, column in sorted(sync.fields.items())]
    return f"'{{' || concat_ws(',', {', '.join(parts)}) || '}}'"


def _member(name: str, column: str, nulls: str) -> str:
    present = f"""'"{name}":' || cast(to_json("{column}") as varchar)"""
    absent = f"""'"{name}":null'""" if nulls == "send" else "null"
    return f'case when "{column}" is null then {absent} else {present} end'


def _changed(name: str) -> str:
    path = f"""'$."{name}"'"""
    differs = f"(held_payload ->> {path}) is distinct from (payload ->> {path})"
    return f"case when {differs} then '{name}' end"
