"""A sync's plan: what it would add or change, before the first call.

An empty plan passes, for then nothing is sent. A plan that lacks keys, people, purposes or
payloads does not, nor does one that cannot be read.
"""

from expectations.checks import (
    BATCH,
    Batch,
    Check,
    columns,
    not_null,
    row_count,
    rows,
)
from expectations.rules import Rules, limit

COLUMNS = (
    "sync",
    "record_key",
    "person_id",
    "action",
    "reason",
    "payload_hash",
    "purpose",
)

ACTIONS = "(values ('add'), ('change'), ('remove'), ('skip')) as known(action)"

# A key may be an e-mail address; then the person stands for the row wherever it is written down.
ROW_KEY = (
    "case when contains(record_key, '@') then coalesce(person_id, '(a row without a person)') "
    "else coalesce(record_key, '(no key)') end"
)


def checks(rules: Rules, plan_table: str, where: str) -> list[Check]:
    """Shape and keys of the whole plan; purpose, person, consent, suppression of what it sends.

    `where` is SQL that picks the plan's rows in `plan_table`.
    """
    every = f"select * from {plan_table} where {where}"
    plan = Batch(plan_table, every, "plan")
    sends = Batch(plan_table, f"{every} and action in ('add', 'change')", "sends")
    return [
        columns("plan_columns", Batch(plan_table, f"select * from {plan_table}", "table"), COLUMNS),
        row_count("plan_row_count", plan, limit(rules, "plan_row_count")),
        not_null("plan_key_not_null", plan, "person_id", "record_key"),
        _unique_key(plan),
        rows(
            "plan_key_without_personal_data",
            plan,
            "No key of the plan holds an e-mail address; keys are written to ledgers.",
            f"select {ROW_KEY} as row_key from {BATCH} where contains(record_key, '@')",
        ),
        _known("plan_action_known", plan, "action", ACTIONS),
        _known("plan_purpose_known", sends, "purpose", "rules.consent_purposes"),
        _bad("plan_payload_not_null", sends, "has a payload hash", "payload_hash is null"),
        _bad("plan_person_not_null", sends, "names a person", "person_id is null"),
        _known("plan_person_known", sends, "person_id", "marts.dim_people"),
        _bad(
            "plan_consent_granted",
            sends,
            "has the person's consent for the sync's purpose",
            _NO_CONSENT,
        ),
        _bad("plan_not_suppressed", sends, "is not suppressed", _SUPPRESSED),
    ]


def _unique_key(batch: Batch) -> Check:
    return rows(
        "plan_key_unique",
        batch,
        "No two rows of the plan share their key.",
        f"select {ROW_KEY} as row_key from {BATCH} where record_key is not null "
        "qualify count(*) over (partition by record_key) > 1",
    )


def _bad(expectation_id: str, batch: Batch, law: str, where: str) -> Check:
    return rows(
        expectation_id,
        batch,
        f"Every row to send {law}.",
        f"select {ROW_KEY} as row_key, record_key "
        f"from (select * from {BATCH}) as planned where {where}",
    )


def _known(expectation_id: str, batch: Batch, column: str, where: str) -> Check:
    return rows(
        expectation_id,
        batch,
        f"Every {column} of the plan is known.",
        f"select {ROW_KEY} as row_key, record_key "
        f"from {BATCH} where {column} is null "
        f"or {column} not in (select {column} from {where} where {column} is not null)",
    )


_NO_CONSENT = """
not exists (
    select 1
    from marts.dim_person_consents as consents
    inner join rules.consent_statuses as statuses on consents.status = statuses.status
    where consents.person_id = planned.person_id
    and consents.purpose = planned.purpose
    and statuses.is_granted
)
"""

# The address that would be written to always counts; scope person adds every other of theirs.
_SUPPRESSED = """
exists (
    select 1
    from staging.stg_suppression__suppressions as suppressions
    inner join rules.consent_suppressions as rule
        on suppressions.suppression_type = rule.suppression_type
    left join identity.identifiers as identifiers
        on identifiers.id_type = 'email' and identifiers.id_value = suppressions.email
    left join segments.int_permissions__addresses as addresses
        on addresses.email = suppressions.email and addresses.purpose = rule.purpose
    where rule.purpose = planned.purpose
    and (
        addresses.person_id = planned.person_id
        or (rule.scope = 'person' and identifiers.person_id = planned.person_id)
    )
)
"""
