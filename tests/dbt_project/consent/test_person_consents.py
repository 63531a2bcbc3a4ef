"""Consent: from what sources wrote down to one status per person and purpose."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from warehouse.dbt import build
from warehouse.errors import DbtFailed
from warehouse.settings import settings as deployment

AS_OF = datetime(2026, 6, 30)
SELECT = "consent_statuses consent_purposes consent_suppressions path:models/marts/consent"
RULED = "assert_every_suppression_has_a_rule"
LINEAGE = "_file varchar, _line bigint, _load_id varchar"
WEB = (
    "web_event_id varchar, anonymous_id varchar, user_id varchar, "
    "has_analytics_consent boolean, has_advertising_consent boolean, occurred_at timestamp"
)


def day(number: int) -> datetime:
    """A day of June 2026."""
    return datetime(2026, 6, number)


def _change(
    email: str, decision: str | None, at: datetime | None, topic: str | None = "7"
) -> dict[str, Any]:
    return {
        "hubspot_subscription_change_id": f"{email}-{decision}-{at}-{topic}",
        "email": email,
        "subscription_id": topic,
        "decision": decision,
        "changed_at": at,
    }


def _seen(
    event: str, who: str | None, at: datetime, analytics: bool | None, ads: bool | None = None
) -> dict[str, Any]:
    return {
        "web_event_id": event,
        "anonymous_id": who,
        "user_id": "u-1",
        "has_analytics_consent": analytics,
        "has_advertising_consent": ads,
        "occurred_at": at,
    }


def _owner(id_type: str, value: str, person: str) -> dict[str, Any]:
    return {"id_type": id_type, "id_value": value, "person_id": person}


CHANGES = [
    _change("ann@x.example", "granted", day(1)),
    _change("bob@x.example", "granted", day(1)),
    _change("bob@x.example", "withdrawn", day(2)),
    _change("bob@x.example", "granted", day(3)),
    _change("cleo@x.example", "granted", day(1)),
    _change("cleo.old@x.example", "withdrawn", day(1)),
    _change("cleo@x.example", "granted", day(5)),
    _change("dan@x.example", "granted", day(4)),
    _change("dan@x.example", "withdrawn", day(4)),
    _change("eve@x.example", "pending", day(1)),
    _change("fay@x.example", "granted", day(1)),
    _change("gus@x.example", "granted", datetime(2026, 7, 1)),
    _change("hal@x.example", "granted", day(1)),
    _change("hal@x.example", "withdrawn", datetime(2026, 7, 1)),
    _change("ida@x.example", "granted", day(1)),
    _change("ida@x.example", "withdrawn", None),
    _change("jon@x.example", "granted", None),
    _change("kim@x.example", "granted", day(3)),
    _change("lee@x.example", "granted", day(3)),
    _change("mia@x.example", "granted", day(3)),
    _change("mia@x.example", None, day(4)),
    _change("nobody@x.example", "granted", day(3)),
    _change("ned@x.example", "withdrawn", day(1), "7"),
    _change("ned@x.example", "granted", day(2), "8"),
    _change("oda@x.example", "granted", day(1), "7"),
    _change("oda@x.example", "withdrawn", day(2), None),
    _change("pia@x.example", "granted", day(1), "7"),
    _change("pia@x.example", "withdrawn", day(2), None),
    _change("pia@x.example", "granted", day(3), "7"),
    _change("quy@x.example", "withdrawn", day(1), "7"),
    _change("quy@x.example", "granted", day(2), None),
]
EXPECTED = {
    ("ann", "email_marketing"): "granted",
    ("bob", "email_marketing"): "granted",  # agreed again, with the same address
    ("cleo", "email_marketing"): "withdrawn",  # the other address never did
    ("dan", "email_marketing"): "withdrawn",  # same moment
    ("eve", "email_marketing"): "pending",
    ("fay", "email_marketing"): "withdrawn",  # opted out in Salesforce
    ("hal", "email_marketing"): "withdrawn",  # a refusal counts whatever its clock says
    ("ida", "email_marketing"): "withdrawn",
    ("kim", "email_marketing"): "withdrawn",  # complained after
    ("lee", "email_marketing"): "granted",  # unsubscribed before, a bounce decides nothing
    ("mia", "email_marketing"): "withdrawn",  # whatever the new status means, it is no yes
    ("ned", "email_marketing"): "withdrawn",  # of one newsletter; the other's yes is for it alone
    ("oda", "email_marketing"): "withdrawn",  # of everything
    ("pia", "email_marketing"): "granted",  # agreed again after that
    ("quy", "email_marketing"): "withdrawn",  # a yes to everything takes no refusal back
    ("ann", "analytics"): "granted",
    ("ann", "advertising"): "denied",
    ("bob", "analytics"): "withdrawn",
    ("eve", "analytics"): "denied",  # one browser said yes, the other no
    ("fay", "analytics"): "granted",
}
PAGES = [
    _seen("e1", "w-ann", day(1), None, None),
    _seen("e2", "w-ann", day(2), True, False),
    _seen("e3", "w-ann", day(3), True, False),
    _seen("e4", "w-bob", day(1), True),
    _seen("e5", "w-bob", day(2), False),
    _seen("e6", "w-eve1", day(3), True),
    _seen("e7", "w-eve2", day(2), False),
]
IDENTIFIES = [_seen("e8", None, day(2), True)]
NOT_OWNED = {"nobody", "cleo.old"}
OWNERS = [
    *(
        _owner("email", f"{name}@x.example", name)
        for name in sorted({change["email"].split("@")[0] for change in CHANGES} - NOT_OWNED)
    ),
    _owner("email", "cleo.old@x.example", "cleo"),
    _owner("salesforce_contact_id", "003F", "fay"),
    _owner("anonymous_id", "w-ann", "ann"),
    _owner("anonymous_id", "w-bob", "bob"),
    _owner("anonymous_id", "w-eve1", "eve"),
    _owner("anonymous_id", "w-eve2", "eve"),
    _owner("user_id", "u-1", "fay"),
]
SUPPRESSED = [
    ("kim@x.example", "complaint", day(4)),
    ("lee@x.example", "unsubscribe", day(2)),
    ("lee@x.example", "hard_bounce", day(9)),
]
CONTACTS = [
    {"salesforce_contact_id": "003F", "has_opted_out_of_email": True, "updated_at": day(1)},
    {"salesforce_contact_id": "003A", "has_opted_out_of_email": False, "updated_at": day(1)},
]


@pytest.fixture(scope="module")
def built(module_home: Path, warehouse_with: Callable[[Any], None]) -> Iterator[Path]:
    """The consent models and their data tests, run once over the inline rows."""
    crm = "has_opted_out_of_email boolean, updated_at timestamp, " + LINEAGE
    warehouse_with(
        {
            "staging.stg_hubspot__subscription_changes": (
                "hubspot_subscription_change_id varchar, email varchar, subscription_id varchar, "
                f"decision varchar, changed_at timestamp, {LINEAGE}",
                CHANGES,
            ),
            "staging.stg_salesforce__leads": (f"salesforce_lead_id varchar, {crm}", []),
            "staging.stg_salesforce__contacts": (f"salesforce_contact_id varchar, {crm}", CONTACTS),
            "identity.int_web__pages": (f"{WEB}, {LINEAGE}", PAGES),
            "staging.stg_web_events__identifies": (f"{WEB}, {LINEAGE}", IDENTIFIES),
            "staging.stg_suppression__suppressions": (
                f"email varchar, suppression_type varchar, occurred_at timestamp, {LINEAGE}",
                [
                    {"email": e, "suppression_type": t, "occurred_at": at, "_file": "s", "_line": i}
                    for i, (e, t, at) in enumerate(SUPPRESSED)
                ],
            ),
            "identity.identifiers": (
                "id_type varchar, id_value varchar, person_id varchar",
                OWNERS,
            ),
        }
    )
    build(f"{SELECT} {RULED}", vars={"as_of": str(AS_OF)})
    yield deployment().warehouse


def _fetch(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path)) as con:
        return con.execute(sql).fetchall()


def test_statuses(built: Path) -> None:
    rows = _fetch(built, "select person_id, purpose, status from marts.dim_person_consents")
    assert {(person, purpose): status for person, purpose, status in rows} == EXPECTED


def test_evidence_names_the_deciding_identifier(built: Path) -> None:
    sql = (
        "select source, evidence, decided_at from marts.dim_person_consents "
        "where person_id = '{}' and purpose = 'email_marketing'"
    )
    assert _fetch(built, sql.format("fay")) == [("salesforce", "salesforce_contact_id", day(1))]
    assert _fetch(built, sql.format("kim")) == [("suppression", "email", day(4))]
    assert _fetch(built, sql.format("ida")) == [("hubspot", "email", None)]


def test_repeated_answers_are_one_decision(built: Path) -> None:
    assert _fetch(
        built,
        "select id_value, purpose, decision, decided_at from marts.int_consent__decisions "
        "where source = 'web_events' and id_value in ('w-ann', 'w-bob') order by all",
    ) == [
        ("w-ann", "advertising", "denied", day(2)),
        ("w-ann", "analytics", "granted", day(2)),
        ("w-bob", "analytics", "granted", day(1)),
        ("w-bob", "analytics", "withdrawn", day(2)),
    ]


def test_a_decision_of_an_address_nobody_owns_is_kept_without_a_person(built: Path) -> None:
    assert _fetch(
        built,
        "select person_id from marts.int_consent__decisions where id_value = 'nobody@x.example'",
    ) == [(None,)]


class Decision(NamedTuple):
    """One decision of one identifier, as the model reads it."""

    person: str
    identifier: str
    purpose: str
    decision: str
    at: datetime | None
    topic: str | None = None


STRICTNESS = ["granted", "pending", "withdrawn", "denied"]


def resolve(decisions: list[Decision], newest: str = "") -> dict[tuple[str, str], str]:
    """The law: latest per identifier and topic, strictest at one moment, strictest overall.

    For the purpose `newest` the last word overall instead.
    """
    latest: dict[tuple[str, str, str, str | None], tuple[datetime, int]] = {}
    known = [d for d in decisions if d.decision != "granted" or (d.at and d.at <= AS_OF)]
    for d in known:
        at = d.at or datetime.max  # a refusal without a time is the last word
        topics = {d.topic}
        if d.topic is None and d.decision != "granted":
            mine = [o for o in known if o[:3] == d[:3]]
            topics = {o.topic for o in mine if o.topic} or topics
        for topic in topics:
            key = (d.person, d.purpose, d.identifier, topic)
            latest[key] = max(latest.get(key, (at, 0)), (at, STRICTNESS.index(d.decision)))
    found = {}
    for person in {key[:2] for key in latest}:
        words = [word for key, word in latest.items() if key[:2] == person]
        rank = max(words)[1] if person[1] == newest else max(rank for _, rank in words)
        found[person] = STRICTNESS[rank]
    return found


histories = st.lists(
    st.builds(
        Decision,
        person=st.sampled_from(["p", "q"]),
        identifier=st.sampled_from(["a", "b", "c"]),
        topic=st.sampled_from([None, "7", "8"]),
        purpose=st.sampled_from(["email_marketing", "analytics"]),
        decision=st.sampled_from(STRICTNESS),
        at=st.none()
        | st.integers(-3, 2).map(lambda days: AS_OF + timedelta(days=days)),  # few: many ties
    ),
    max_size=14,
)


def _run_compiled(
    path: Path, decisions: list[Decision], newest: str = ""
) -> dict[tuple[str, str], str]:
    compiled = next(deployment().dbt_target.glob("compiled/**/dim_person_consents.sql"))
    with duckdb.connect(str(path)) as con:
        con.execute("begin")
        con.execute("delete from marts.int_consent__decisions")
        con.execute(
            "update rules.consent_purposes set survivorship = 'newest' where purpose = ?", [newest]
        )
        if decisions:
            con.executemany(
                "insert into marts.int_consent__decisions (id_type, id_value, person_id, purpose, "
                "topic, decision, decided_at, source, source_record_id) "
                "values ('email', ?, ?, ?, ?, ?, ?, 's', ?)",
                [
                    (d.identifier, d.person, d.purpose, d.topic, d.decision, d.at, str(number))
                    for number, d in enumerate(decisions)
                ],
            )
        rows = con.execute(f"select person_id, purpose, status from ({compiled.read_text()})")
        found = {(person, purpose): status for person, purpose, status in rows.fetchall()}
        con.execute("rollback")
    return found


@settings(max_examples=80, deadline=None)
@given(decisions=histories)
@example(
    decisions=[
        Decision("p", "a", "analytics", "withdrawn", None),
        Decision("p", "a", "analytics", "granted", AS_OF, "7"),
        Decision("q", "a", "analytics", "granted", AS_OF, "8"),
    ]
)
def test_resolution_agrees_with_the_oracle(built: Path, decisions: list[Decision]) -> None:
    assert _run_compiled(built, decisions) == resolve(decisions)


@settings(max_examples=40, deadline=None)
@given(decisions=histories)
def test_a_rule_row_lets_the_newest_decide(built: Path, decisions: list[Decision]) -> None:
    assert _run_compiled(built, decisions, "analytics") == resolve(decisions, "analytics")


@settings(max_examples=25, deadline=None)
@given(decisions=histories, data=st.data())
def test_a_merge_of_two_people_never_grants(
    built: Path, decisions: list[Decision], data: st.DataObject
) -> None:
    """Most restrictive wins: after a merge, granted only if nobody merged had anything else."""
    apart = _run_compiled(built, decisions)
    split = [d._replace(identifier=f"{d.person}-{d.identifier}") for d in decisions]
    merged = _run_compiled(built, [d._replace(person="p") for d in split])
    for (_, purpose), status in merged.items():
        before = {s for (_, its), s in apart.items() if its == purpose}
        assert STRICTNESS.index(status) == max(STRICTNESS.index(s) for s in before)


def test_a_word_without_a_rule_is_the_strictest(built: Path) -> None:
    odd = [
        Decision("p", "a", "analytics", "withdrawl", day(1)),
        Decision("p", "b", "analytics", "denied", day(2)),
    ]
    assert _run_compiled(built, odd) == {("p", "analytics"): "withdrawl"}


def test_a_suppression_that_would_forbid_nothing_stops_the_run(built: Path) -> None:
    table = "staging.stg_suppression__suppressions"
    _change_rows(built, f"insert into {table} (suppression_type) values ('legal_hold')")
    try:
        with pytest.raises(DbtFailed, match=RULED):
            build(RULED, command="test", vars={"as_of": str(AS_OF)})
    finally:
        _change_rows(built, f"delete from {table} where suppression_type = 'legal_hold'")


def _change_rows(path: Path, sql: str) -> None:
    with duckdb.connect(str(path)) as con:
        con.execute(sql)
