"""Consent: one status per person and purpose, and never looser than what an identifier said."""

from datetime import datetime

from expectations.checks import BATCH, Check, rows, table, timestamp, unique
from expectations.rules import Rules

CONSENTS = table("marts.dim_person_consents")
KEY = "person_id || '|' || purpose"


def checks(rules: Rules, as_of: datetime) -> list[Check]:
    """Keys, known words, known people, and the two laws that resolution must obey."""
    return [
        rows(
            "consents_key_not_null",
            CONSENTS,
            "Every consent names its person and purpose.",
            f"select coalesce({KEY}, '(no key)') as row_key from {BATCH} "
            "where person_id is null or purpose is null",
        ),
        unique("consents_key_unique", CONSENTS, ["person_id", "purpose"]),
        _known("consents_status_known", "status", "rules.consent_statuses"),
        _known("consents_purpose_known", "purpose", "rules.consent_purposes"),
        _known("consents_person_known", "person_id", "marts.dim_people"),
        rows(
            "consents_respect_suppression",
            CONSENTS,
            "Nobody who unsubscribed or complained counts as granted, "
            "unless the same address agreed again later.",
            _SUPPRESSED,
        ),
        rows(
            "consents_respect_every_identifier",
            CONSENTS,
            "Nobody counts as granted while one of their identifiers last said otherwise, "
            "where the strictest decides.",
            _outvoted(as_of),
        ),
    ]


def _known(expectation_id: str, column: str, where: str) -> Check:
    return rows(
        expectation_id,
        CONSENTS,
        f"Every {column} of a consent is in {where}.",
        f"select coalesce({KEY}, '(no key)') as row_key from {BATCH} where {column} is null "
        f"or {column} not in (select {column} from {where} where {column} is not null)",
    )


_SUPPRESSED = f"""
select distinct batch.person_id || '|' || batch.purpose as row_key
from (select * from {BATCH}) as batch
inner join identity.identifiers as identifiers
    on batch.person_id = identifiers.person_id and identifiers.id_type = 'email'
inner join staging.stg_suppression__suppressions as suppressions
    on identifiers.id_value = suppressions.email
inner join rules.consent_suppressions as rule
    on suppressions.suppression_type = rule.suppression_type
    and batch.purpose = rule.purpose
    and rule.decision is not null
where batch.status = 'granted'
and not exists (
    select 1
    from staging.stg_hubspot__subscription_changes as changes
    where changes.email = suppressions.email
    and changes.decision = 'granted'
    and changes.changed_at > suppressions.occurred_at
)
"""


def _outvoted(as_of: datetime) -> str:
    return f"""
with latest as (
    select decisions.person_id, decisions.purpose, decisions.id_type, decisions.id_value,
        max(decisions.decided_at) filter (decisions.decision = 'granted') as granted_at,
        max(coalesce(decisions.decided_at, timestamp '9999-01-01'))
            filter (decisions.decision != 'granted') as refused_at
    from marts.int_consent__decisions as decisions
    where decisions.decision != 'granted' or decisions.decided_at <= {timestamp(as_of)}
    group by all
)
select distinct batch.person_id || '|' || batch.purpose as row_key
from (select * from {BATCH}) as batch
inner join latest
    on batch.person_id = latest.person_id and batch.purpose = latest.purpose
left join rules.consent_purposes as purpose_rules on batch.purpose = purpose_rules.purpose
where batch.status = 'granted'
and coalesce(purpose_rules.survivorship, 'most_restrictive') = 'most_restrictive'
and latest.refused_at is not null
and coalesce(latest.refused_at >= latest.granted_at, true)
"""
