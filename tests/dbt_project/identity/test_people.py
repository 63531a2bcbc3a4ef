"""From staging rows to people: the evidence models, the identity step and the projections.

Every name, address and number below is invented; each case has its own company domain.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import networkx
import pytest
import typer
from typer.testing import CliRunner, Result

from identity.commands import register
from identity.evaluate import evaluate
from identity.explain import explain
from identity.lookup import person_id
from identity.profile import profile
from identity.step import resolve
from warehouse.connection import connect
from warehouse.dbt import build

AS_OF = "2026-03-01 00:00:00"
RULES = (
    "identity_id_types identity_blocked_values identity_shared_values identity_role_mailboxes "
    "identity_nicknames identity_attributes identity_survivorship free_mail_domains bots "
    "internal_traffic web_collectors account_match_rules account_suggestion_rules "
    "company_legal_forms"
)
MARTS = "path:models/marts/people path:models/marts/accounts"
END = "_file varchar, _line bigint, _load_id varchar"
TEXT = "varchar"


def columns(names: str, others: str = "") -> str:
    text = ", ".join(f"{name} {TEXT}" for name in names.split())
    return ", ".join(filter(None, (text, others, END)))


PAGE = (
    "web_event_id anonymous_id user_id page_url page_host page_path referrer_host utm_source "
    "utm_medium utm_campaign utm_content utm_term gclid gbraid wbraid dclid msclkid li_fat_id "
    "ttclid twclid rdt_cid sccid epik fbclid"
)
CONSENT = "has_analytics_consent boolean, has_advertising_consent boolean, occurred_at timestamp"
COLUMNS = {
    "stg_salesforce__leads": columns(
        "salesforce_lead_id master_record_id converted_contact_id converted_account_id "
        "converted_opportunity_id first_name last_name email phone mobile_phone title "
        "company_name street city postcode country status",
        "is_deleted boolean, created_at timestamp, updated_at timestamp",
    ),
    "stg_salesforce__contacts": columns(
        "salesforce_contact_id salesforce_account_id master_record_id first_name last_name email "
        "phone mobile_phone title street city postcode country",
        "is_deleted boolean, created_at timestamp, updated_at timestamp",
    ),
    "stg_salesforce__accounts": columns(
        "salesforce_account_id parent_account_id master_record_id owner_id account_name country "
        "website industry",
        "employee_count integer, is_deleted boolean, created_at timestamp, updated_at timestamp",
    ),
    "stg_salesforce__opportunities": columns(
        "salesforce_opportunity_id salesforce_account_id salesforce_contact_id "
        "original_opportunity_id",
        "is_closed boolean, is_won boolean, is_deleted boolean",
    ),
    "stg_salesforce__opportunity_contact_roles": columns(
        "salesforce_opportunity_id salesforce_contact_id", "is_deleted boolean"
    ),
    "stg_salesforce__campaign_members": columns(
        "salesforce_campaign_member_id salesforce_lead_id salesforce_contact_id",
        "created_at timestamp",
    ),
    "stg_hubspot__contacts": columns(
        "hubspot_contact_id first_name last_name email phone company_name street city postcode "
        "country loyalty_id lifecycle_stage",
        "additional_emails varchar[], is_deleted boolean, created_at timestamp",
    ),
    "stg_hubspot__contact_merges": columns("merged_contact_id surviving_contact_id"),
    "stg_marketo__leads": columns(
        "marketo_lead_id salesforce_lead_id salesforce_contact_id first_name last_name email phone "
        "mobile_phone title company_name country",
        "created_at timestamp, updated_at timestamp",
    ),
    "stg_marketo__lead_merges": columns("merged_lead_id surviving_lead_id", "merged_at timestamp"),
    "stg_hubspot__form_submissions": columns(
        "hubspot_form_submission_id email first_name last_name phone anonymous_id",
        "submitted_at timestamp",
    ),
    "stg_web_events__pages": columns(f"{PAGE} user_agent", CONSENT),
    "stg_web_events__ga4_pages": columns(f"{PAGE} traffic_type", CONSENT),
    "stg_web_events__ga4_sign_ins": columns("anonymous_id user_id", "occurred_at timestamp"),
    "stg_web_events__identifies": columns(
        "web_event_id anonymous_id user_id email phone first_name last_name loyalty_id",
        "occurred_at timestamp",
    ),
}
KEYS = {
    "lead": ("stg_salesforce__leads", "salesforce_lead_id", "created_at"),
    "contact": ("stg_salesforce__contacts", "salesforce_contact_id", "created_at"),
    "account": ("stg_salesforce__accounts", "salesforce_account_id", "created_at"),
    "hubspot": ("stg_hubspot__contacts", "hubspot_contact_id", "created_at"),
    "hubspot merge": ("stg_hubspot__contact_merges", "merged_contact_id", None),
    "form": ("stg_hubspot__form_submissions", "hubspot_form_submission_id", "submitted_at"),
    "page": ("stg_web_events__pages", "web_event_id", "occurred_at"),
    "identify": ("stg_web_events__identifies", "web_event_id", "occurred_at"),
    "deal": ("stg_salesforce__opportunities", "salesforce_opportunity_id", None),
    "member": ("stg_salesforce__campaign_members", "salesforce_campaign_member_id", "created_at"),
}
ANN = {"first_name": "Ann", "last_name": "Ash"}
BEN = {"first_name": "Ben", "last_name": "Birch"}
PHONE = "+14155552671"

ROWS: list[tuple[str, str, dict[str, Any]]] = [
    # A converted lead, its contact, a campaign member that says so again, HubSpot, a form, a visit.
    ("account", "A1", {"account_name": "Oak", "website": "https://www.oak.example/"}),
    ("account", "A2", {"account_name": "Oak Inc", "website": "oak.example"}),
    ("lead", "L1", {**ANN, "email": "ann@oak.example", "converted_contact_id": "C1"}),
    ("contact", "C1", {**ANN, "email": "ann.ash@oak.example", "salesforce_account_id": "A1"}),
    ("member", "M1", {"salesforce_lead_id": "L1", "salesforce_contact_id": "C1"}),
    ("lead", "L9", {**ANN, "email": "ann@old.example"}),
    ("member", "M2", {"salesforce_lead_id": "L9", "salesforce_contact_id": "C1"}),
    (
        "hubspot",
        "H1",
        {
            "email": "ann@oak.example",
            "additional_emails": ["ann@home.example"],
            "loyalty_id": "LY1",
            "lifecycle_stage": "lead",
        },
    ),
    ("hubspot", "H0", {"email": "a@elsewhere.example"}),
    ("hubspot merge", "H0", {"surviving_contact_id": "H1"}),
    ("form", "F1", {"email": "ann@home.example", "anonymous_id": "v-ann"}),
    ("page", "P1", {"anonymous_id": "v-ann"}),
    ("deal", "D1", {"salesforce_contact_id": "C1", "is_won": True, "is_closed": True}),
    # One value under two types; the newest snapshot no longer has the customer.
    (
        "hubspot",
        "H2",
        {
            "loyalty_id": "42",
            "email": "c@two.example",
            "lifecycle_stage": "customer",
            "is_deleted": True,
        },
    ),
    ("identify", "I2", {"anonymous_id": "v-two", "user_id": "42", "email": "d@two.example"}),
    # A family inbox: two names on one address, and one of them again with a short name.
    ("contact", "C3", {"first_name": "Robert", "last_name": "Roe", "email": "roes@fam.example"}),
    ("lead", "L3", {"first_name": "Bob", "last_name": "Roe", "email": "roes@fam.example"}),
    ("lead", "L4", {"first_name": "Zoe", "last_name": "Roe", "email": "roes@fam.example"}),
    ("form", "F4", {"email": "roes@fam.example"}),
    # A shared device: two people identify themselves; only one says who they are there.
    ("contact", "C5", {**ANN, "email": "a5@dev.example"}),
    ("contact", "C6", {**BEN, "email": "b5@dev.example"}),
    ("identify", "I5", {"anonymous_id": "v-dev", "email": "a5@dev.example"}),
    ("identify", "I6", {"anonymous_id": "v-dev", "email": "b5@dev.example"}),
    # A role mailbox and a test address.
    ("contact", "C7", {**ANN, "email": "info@role.example"}),
    ("contact", "C8", {**BEN, "email": "info@role.example"}),
    ("lead", "L8", {**BEN, "email": "info@role.example"}),
    ("contact", "C10", {**ANN, "email": "test@block.example"}),
    ("contact", "C11", {**ANN, "email": "test@block.example"}),
    # A switchboard: colleagues with one number.
    ("contact", "C12", {**ANN, "email": "a12@desk.example", "phone": PHONE}),
    ("contact", "C13", {**BEN, "email": "b12@desk.example", "phone": PHONE}),
    ("lead", "L13", {**BEN, "email": "b13@desk.example", "phone": PHONE}),
    # The same name alone joins nobody; a CRM merge does.
    ("contact", "C14", {**ANN, "email": "x@name.example"}),
    ("contact", "C15", {**ANN, "email": "y@name.example", "is_deleted": True}),
    ("contact", "C16", {"master_record_id": "C14", "is_deleted": True}),
]
RECORDS = {
    "lead": ("salesforce", "lead"),
    "contact": ("salesforce", "contact"),
    "hubspot": ("hubspot", "contact"),
    "form": ("hubspot", "form_submission"),
}
PEOPLE = [
    {"L1", "C1", "L9", "H1", "H0", "F1", "v-ann"},
    {"H2"},
    {"v-two"},
    {"C3", "L3"},
    {"L4"},
    {"F4"},
    {"C5"},
    {"C6"},
    {"v-dev"},
    {"C7"},
    {"C8", "L8"},
    {"C10"},
    {"C11"},
    {"C12"},
    {"C13", "L13"},
    {"C14", "C16"},
    {"C15"},
]


def tables() -> dict[str, tuple[str, list[Mapping[str, Any]]]]:
    rows: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for line, (kind, key, values) in enumerate(ROWS, start=2):
        table, column, clock = KEYS[kind]
        end = {"_file": f"{table}.csv", "_line": line, "_load_id": "00000001-x"}
        at = {clock: f"2026-01-01 00:00:{line:02d}"} if clock else {}
        rows[table].append({column: key, **at, **values, **end})
    return {f"staging.{table}": (COLUMNS[table], rows[table]) for table in COLUMNS}


@pytest.fixture(scope="module", autouse=True)
def built(module_home: Path, warehouse_with: Callable[[Any], None]) -> Path:
    warehouse_with(tables())
    build(f"{RULES} path:models/identity/evidence", vars={"as_of": AS_OF})
    resolve(AS_OF, "run-1")
    build(f"path:models/identity/public {MARTS}", vars={"as_of": AS_OF})
    return module_home


def query(sql: str) -> list[tuple[Any, ...]]:
    with connect("test") as con:
        return con.execute(sql).fetchall()


def test_people_are_who_they_should_be() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for person, record in query("select person_id, record_id from identity.person_records"):
        found[person].add(record)
    assert sorted(map(sorted, found.values())) == sorted(map(sorted, PEOPLE))


def test_people_are_the_components_of_the_linking_edges() -> None:
    links = query(
        "select source, record_type, record_id, id_type, id_value, scope "
        "from identity.edges where is_linking and is_current"
    )
    graph = networkx.Graph()
    graph.add_edges_from((("record", *row[:3]), ("value", *row[3:])) for row in links)
    expected = {
        frozenset(node[1:] for node in part if node[0] == "record")
        for part in networkx.connected_components(graph)
    }
    found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for row in query("select * from state.person_records"):
        found[row[3]].add(row[:3])
    assert len(expected) > 10
    assert expected <= set(map(frozenset, found.values()))
    assert all(len(group) == 1 for group in set(map(frozenset, found.values())) - expected)


def test_an_identifier_names_one_person_or_is_listed_as_shared() -> None:
    owned = set(query("select id_type, id_value from identity.identifiers"))
    shared = {row[:2]: row[2:] for row in query(
        "select id_type, id_value, treatment, reason from identity.shared_identifiers"
    )}  # fmt: skip
    every = set(query("select distinct id_type, id_value from identity.edges"))
    assert owned and shared
    assert owned.isdisjoint(shared)
    assert owned | set(shared) == every
    two = "carried by 2 different names, limit 1"
    assert shared == {
        ("email", "roes@fam.example"): ("shared", two),
        ("anonymous_id", "v-dev"): ("shared", two),
        ("phone", PHONE): ("shared", two),
        ("email", "info@role.example"): ("shared", "role mailbox: general"),
        ("email", "test@block.example"): ("blocked", "test address"),
    }


def test_every_edge_shows_its_source_row() -> None:
    rows = query("select _file, _line, rule_version, confidence from identity.edges")
    assert rows and all(None not in row for row in rows)


def test_survivorship_and_lineage() -> None:
    with connect("test") as con:
        ann = person_id(con, "salesforce:C1")
    (person,) = query(
        "select first_name, email, loyalty_id, lifecycle_stage, record_count "
        f"from marts.dim_people where person_id = '{ann}'"
    )
    assert person == ("Ann", "ann.ash@oak.example", "LY1", "customer", 7)
    lineage = query(
        "select attribute, source, record_id from marts.dim_people_lineage "
        f"where person_id = '{ann}'"
    )
    assert ("email", "salesforce", "C1") in lineage
    assert ("loyalty_id", "hubspot", "H1") in lineage


def test_a_deleted_contact_is_known_but_no_longer_a_customer() -> None:
    with connect("test") as con:
        gone = person_id(con, "hubspot:H2")
    rows = query(f"select email, lifecycle_stage from marts.dim_people where person_id = '{gone}'")
    assert rows == [("c@two.example", "lead")]


def test_a_blocked_value_survives_nowhere() -> None:
    assert query("select count(*) from marts.dim_people where email like 'test@%'") == [(0,)]


def test_one_company_per_verified_website() -> None:
    rows = query(
        "select domain, people_count, match_rule, salesforce_account_id from marts.dim_accounts "
        "where domain in ('oak.example', 'fam.example', 'desk.example') order by domain"
    )
    assert rows == [
        ("desk.example", 2, "company_domain", None),
        ("oak.example", 1, "crm_account", "A1"),
    ]


def test_profile_and_explain() -> None:
    with connect("test") as con:
        found = profile(con, "email:Ann@Oak.example")
        assert found["loyalty_ids"] == ["LY1"]
        assert found["account"]["domain"] == "oak.example"
        assert found["merge_history"] and found["id_events"]
        assert all(row["confidence"] and row["source"] for row in found["merge_history"])
        why = explain(con, "anonymous_id:v-ann", "salesforce:C1")
        steps = [(s["record_id"], s["id_type"], s["is_weakest"]) for s in why["steps"]]
        assert steps == [
            ("v-ann", "anonymous_id", True),
            ("F1", "anonymous_id", True),
            ("F1", "email", False),
            ("H1", "email", False),
            ("H1", "email", False),
            ("L1", "email", False),
            ("L1", "salesforce_contact_id", False),
            ("C1", "salesforce_contact_id", False),
        ]
        one = explain(con, "email:Ann@Oak.example", "hubspot:H1")
        assert {(s["record_id"], s["id_type"]) for s in one["steps"]} == {
            ("H1", "email"),
            ("H1", "hubspot_contact_id"),
        }
        apart = explain(con, "email:a5@dev.example", "email:b5@dev.example")
        assert not apart["same_person"]


def test_evaluation_counts_pairs(tmp_path: Path) -> None:
    truth = tmp_path / "truth.csv"
    # L4 and C3 share an address and are one person here: reachable, missed. C5 and C14 share
    # nothing: unreachable. C8 and L8 are two people here: wrongly joined.
    truth.write_text(
        "source,record_type,record_id,person\n"
        "salesforce,lead,L4,1\nsalesforce,contact,C3,1\nsalesforce,contact,C5,2\n"
        "salesforce,contact,C14,2\nsalesforce,contact,C8,3\nsalesforce,lead,L8,4\n"
        "salesforce,lead,L1,5\nsalesforce,contact,C1,5\nsalesforce,lead,gone,6\n"
    )
    with connect("test") as con:
        found = evaluate(con, truth)
    assert (found.records, found.missing) == (9, 1)
    assert (found.predicted, found.correct, found.reachable, found.unreachable) == (2, 1, 2, 1)
    assert (found.precision, found.recall) == (0.5, 0.5)
    assert found.baseline_precision == pytest.approx(2 / 3)
    assert found.bcubed_precision == pytest.approx(8 / 9)
    assert found.bcubed_recall == pytest.approx(7 / 9)


def onefold(*words: str) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, ["identity", *words])


def test_commands_and_their_exit_codes(tmp_path: Path) -> None:
    shown = onefold("profile", "loyalty:LY1", "--json")
    assert shown.exit_code == 0
    assert json.loads(shown.output)["lifecycle_stage"] == "customer"
    assert 0 < json.loads(shown.output)["merge_history"][0]["confidence"] <= 1
    assert "Ann" in onefold("profile", json.loads(shown.output)["person_id"]).output
    unknown = onefold("profile", "email:nobody@oak.example")
    assert unknown.exit_code == 2
    assert "nobody@oak.example" not in unknown.output + unknown.stderr
    family = onefold("profile", "email:roes@fam.example")
    assert family.exit_code == 2 and "shared" in family.output + family.stderr
    assert onefold("explain", "salesforce:C5", "salesforce:C6").exit_code == 1
    assert "weakest link" in onefold("explain", "salesforce:C1", "email:ann@home.example").output
    missing = onefold("evaluate", "--truth", str(tmp_path / "none.csv"))
    assert missing.exit_code == 2
