"""What the evidence promises: from staging rows to people, one case a domain, one build for all.

Every name, address and number below is invented. A case lists the people it must end in; records
that it does not name belong to other cases.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from identity.lookup import person_id
from identity.step import resolve
from warehouse.connection import connect
from warehouse.dbt import build
from warehouse.errors import DbtFailed

AS_OF = "2026-03-01 00:00:00"
RULES = (
    "identity_id_types identity_blocked_values identity_shared_values identity_role_mailboxes "
    "identity_nicknames bots internal_traffic web_collectors"
)
Covered = Callable[[str], None]


def columns(names: str, others: str = "") -> str:
    text = [f"{name} varchar" for name in names.split()]
    return ", ".join(
        [*text, *filter(None, [others]), "_file varchar, _line bigint, _load_id varchar"]
    )


PAGE = (
    "web_event_id anonymous_id user_id page_url page_host page_path referrer_host utm_source "
    "utm_medium utm_campaign utm_content utm_term gclid gbraid wbraid dclid msclkid li_fat_id "
    "ttclid twclid rdt_cid sccid epik fbclid"
)
CONSENT = "has_analytics_consent boolean, has_advertising_consent boolean, occurred_at timestamp"
NAMED = "first_name last_name email phone"
CREATED = "created_at timestamp"
COLUMNS = {
    "stg_salesforce__leads": columns(
        f"salesforce_lead_id master_record_id converted_contact_id mobile_phone {NAMED}", CREATED
    ),
    "stg_salesforce__contacts": columns(
        f"salesforce_contact_id master_record_id mobile_phone {NAMED}", CREATED
    ),
    "stg_salesforce__accounts": columns("website"),
    "stg_salesforce__campaign_members": columns(
        "salesforce_lead_id salesforce_contact_id", CREATED
    ),
    "stg_hubspot__contacts": columns(
        f"hubspot_contact_id loyalty_id {NAMED}", f"additional_emails varchar[], {CREATED}"
    ),
    "stg_hubspot__contact_merges": columns("merged_contact_id surviving_contact_id"),
    "stg_hubspot__form_submissions": columns(
        f"hubspot_form_submission_id anonymous_id {NAMED}", "submitted_at timestamp"
    ),
    "stg_marketo__leads": columns(
        f"marketo_lead_id salesforce_lead_id salesforce_contact_id mobile_phone {NAMED}", CREATED
    ),
    "stg_marketo__lead_merges": columns("merged_lead_id surviving_lead_id", "merged_at timestamp"),
    "stg_web_events__pages": columns(f"{PAGE} user_agent", CONSENT),
    "stg_web_events__ga4_pages": columns(f"{PAGE} traffic_type", CONSENT),
    "stg_web_events__ga4_sign_ins": columns("anonymous_id user_id", "occurred_at timestamp"),
    "stg_web_events__identifies": columns(
        f"web_event_id anonymous_id user_id loyalty_id {NAMED}", "occurred_at timestamp"
    ),
}
KINDS = {
    "lead": ("stg_salesforce__leads", "salesforce_lead_id", "created_at"),
    "contact": ("stg_salesforce__contacts", "salesforce_contact_id", "created_at"),
    "hubspot": ("stg_hubspot__contacts", "hubspot_contact_id", "created_at"),
    "hubspot merge": ("stg_hubspot__contact_merges", "merged_contact_id", None),
    "form": ("stg_hubspot__form_submissions", "hubspot_form_submission_id", "submitted_at"),
    "marketo": ("stg_marketo__leads", "marketo_lead_id", "created_at"),
    "marketo merge": ("stg_marketo__lead_merges", "merged_lead_id", "merged_at"),
    "identify": ("stg_web_events__identifies", "web_event_id", "occurred_at"),
}
ANN = {"first_name": "Ann", "last_name": "Ash"}
BEN = {"first_name": "Ben", "last_name": "Birch"}
SAM = {"first_name": "Sam", "last_name": "Sole"}
MOBILE, TOLL_FREE, ZERO = "+14155552671", "+18002345678", "00000000-0000-0000-0000-000000000000"

ROWS: list[tuple[str, str, dict[str, Any]]] = [
    # The same text as a user id, a HubSpot id and a Marketo id.
    ("identify", "I1", {"anonymous_id": "v1", "user_id": "4242"}),
    ("hubspot", "4242", {"email": "a@types.example"}),
    ("marketo", "4242", {"email": "b@types.example"}),
    # Loyalty ids are of one source here: HubSpot's 7 is not the website's 7.
    ("hubspot", "H2", {"loyalty_id": "7", "email": "a@scope.example"}),
    ("hubspot", "H3", {"loyalty_id": "7", "email": "b@scope.example"}),
    ("identify", "I2", {"anonymous_id": "v2", "loyalty_id": "7"}),
    ("hubspot", "H4", {**ANN, "loyalty_id": "8"}),
    ("hubspot", "H5", {**ANN, "loyalty_id": "8"}),
    ("hubspot", "H6", {**BEN, "loyalty_id": "8"}),
    ("identify", "I3", {**ANN, "anonymous_id": "v3", "loyalty_id": "8"}),
    # A device that says zero, and whoever used one.
    ("contact", "C10", {"email": "a@zero.example"}),
    ("contact", "C11", {"email": "b@zero.example"}),
    ("identify", "I10", {"anonymous_id": ZERO, "email": "a@zero.example"}),
    ("identify", "I11", {"anonymous_id": ZERO, "email": "b@zero.example"}),
    # A family inbox; Bob is Robert.
    ("contact", "C20", {"first_name": "Robert", "last_name": "Roe", "email": "roes@fam.example"}),
    ("lead", "L20", {"first_name": "Bob", "last_name": "Roe", "email": "roes@fam.example"}),
    ("marketo", "M20", {"first_name": "Zoe", "last_name": "Roe", "email": "roes@fam.example"}),
    ("form", "F20", {"email": "roes@fam.example"}),
    # An agency enters its own address for the people of its clients.
    ("contact", "C30", {**ANN, "email": "clients@agency.example"}),
    ("contact", "C31", {**BEN, "email": "clients@agency.example"}),
    ("contact", "C32", {**SAM, "email": "clients@agency.example"}),
    ("lead", "L30", {**ANN, "email": "clients@agency.example", "phone": "+14155550100"}),
    ("hubspot", "H30", {"email": "clients@agency.example"}),
    # A contractor at two companies, and a colleague at each.
    ("contact", "C40", {**SAM, "email": "sam@one.example", "phone": MOBILE}),
    ("contact", "C41", {**SAM, "email": "sam.sole@two.example", "mobile_phone": MOBILE}),
    ("contact", "C42", {**ANN, "email": "ann@one.example"}),
    ("contact", "C43", {**BEN, "email": "ben@two.example"}),
    # A role mailbox, and one of a branch, that nobody signs with a name.
    ("lead", "L50", {"email": "info@role.example"}),
    ("lead", "L51", {"email": "info@role.example"}),
    ("lead", "L52", {"email": "info.berlin@role.example"}),
    ("lead", "L53", {"email": "info.berlin@role.example"}),
    # A kiosk and a toll-free number: declared by rows, for nothing else gives them away.
    ("contact", "C60", {"email": "a@kiosk.example", "phone": TOLL_FREE}),
    ("contact", "C61", {"email": "b@kiosk.example", "phone": TOLL_FREE}),
    ("identify", "I60", {"anonymous_id": "Kiosk-7", "email": "a@kiosk.example"}),
    ("identify", "I61", {"anonymous_id": "Kiosk-7", "email": "b@kiosk.example"}),
    # An address under which seven users signed in, none with a name.
    *(
        ("identify", f"I7{n}", {"anonymous_id": f"v7{n}", "user_id": f"u7{n}",
                                "email": "all@fan.example"}) for n in range(7)
    ),
    ("form", "F70", {"email": "all@fan.example"}),
    # One person in every system, and six times in one of them: no fan-out.
    ("identify", "I80", {"anonymous_id": "v80", "user_id": "u80", "email": "me@every.example"}),
    ("contact", "C80", {"email": "me@every.example"}),
    ("hubspot", "H80", {"email": "me@every.example"}),
    ("marketo", "M80", {"email": "me@every.example"}),
    *(("lead", f"L8{n}", {"email": "me@every.example"}) for n in range(6)),
    # Masters of masters: leads and contacts that were merged twice.
    ("contact", "C90", {"master_record_id": "C91"}),
    ("contact", "C91", {"master_record_id": "C92"}),
    ("contact", "C92", {"email": "c@chain.example"}),
    ("lead", "L90", {"master_record_id": "L91"}),
    ("lead", "L91", {"master_record_id": "L92"}),
    ("lead", "L92", {"email": "l@chain.example"}),
    # HubSpot and Marketo merged twice, and never exported what stood between.
    ("hubspot", "H100", {"email": "a@hub.example"}),
    ("hubspot", "H102", {"email": "b@hub.example"}),
    ("hubspot merge", "H100", {"surviving_contact_id": "H101"}),
    ("hubspot merge", "H101", {"surviving_contact_id": "H102"}),
    ("marketo", "M110", {"email": "a@mkto.example"}),
    ("marketo", "M112", {"email": "b@mkto.example", "salesforce_contact_id": "C112"}),
    ("marketo merge", "M110", {"surviving_lead_id": "M111"}),
    ("marketo merge", "M111", {"surviving_lead_id": "M112"}),
    ("contact", "C112", {"email": "c@mkto.example"}),
    ("marketo", "M113", {"phone": "+442079460018", "salesforce_lead_id": "L113"}),
    ("lead", "L113", {"email": "d@mkto.example"}),
    ("form", "F113", {"phone": "+442079460018"}),
]  # fmt: skip


def tables() -> dict[str, tuple[str, list[Mapping[str, Any]]]]:
    rows: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for line, (kind, key, values) in enumerate(ROWS, start=2):
        table, column, clock = KINDS[kind]
        end = {"_file": f"{table}.csv", "_line": line, "_load_id": "00000001-x"}
        at = {clock: "2026-01-01 00:00:00"} if clock else {}
        rows[table].append({column: key, **at, **values, **end})
    return {f"staging.{table}": (COLUMNS[table], rows[table]) for table in COLUMNS}


@pytest.fixture(scope="module", autouse=True)
def built(module_home: Path, warehouse_with: Callable[[Any], None]) -> Path:
    warehouse_with(tables())
    build(RULES)
    with connect("test set-up") as con:
        con.execute(
            "update rules.identity_id_types set scope = 'source' where id_type = 'loyalty_id'"
        )
    build("path:models/identity/evidence", vars={"as_of": AS_OF})
    resolve(AS_OF, "run-1")
    build("path:models/identity/public", vars={"as_of": AS_OF})
    return module_home


def query(sql: str) -> list[tuple[Any, ...]]:
    with connect("test") as con:
        return con.execute(sql).fetchall()


def people(*names: str) -> list[list[str]]:
    """Everybody who has one of the records `names`, as the records each has in all."""
    found: dict[str, list[str]] = defaultdict(list)
    rows = query("select person_id, record_id from identity.person_records order by record_id")
    for person, record in rows:
        found[person].append(record)
    return sorted(records for records in found.values() if set(records) & set(names))


def left_out(domain_or_value: str) -> list[tuple[Any, ...]]:
    return query(
        "select id_value, treatment, reason from identity.shared_identifiers "
        f"where id_value like '%{domain_or_value}' order by all"
    )


def test_a_node_is_type_and_value(covered: Covered) -> None:
    assert people("v1", "4242") == [["4242"], ["4242"], ["v1"]]
    nodes = query("select id_type from identity.identifiers where id_value = '4242' order by all")
    assert nodes == [("hubspot_contact_id",), ("marketo_lead_id",), ("user_id",)]
    covered(f"{len(nodes)} people under one text")


def test_with_scope_source_the_same_value_in_two_sources_is_two_nodes(covered: Covered) -> None:
    assert people("H2", "H3", "v2") == [["H2", "H3"], ["v2"]]
    assert people("H4", "H5", "H6", "v3") == [["H4", "H5"], ["H6"], ["v3"]]
    scopes = query(
        "select distinct id_value, scope from identity.edges "
        "where id_type = 'loyalty_id' and is_linking order by all"
    )
    assert scopes == [
        ("7", "hubspot"), ("7", "web_events"), ("8", "hubspot: ann ash"),
        ("8", "hubspot: benjamin birch"), ("8", "web_events: ann ash"),
    ]  # fmt: skip
    assert left_out("7")[0] == ("7", "scoped", "each source has its own")
    covered(f"{len(scopes)} nodes of 2 values")


def test_an_all_zero_device_joins_nobody(covered: Covered) -> None:
    found = people("C10", "C11", ZERO)
    assert found == [[ZERO], ["C10"], ["C11"]]
    assert left_out(ZERO) == [(ZERO, "blocked", "only zeros or punctuation")]
    covered(f"{len(found)} people")


def test_a_family_inbox_joins_only_equal_names(covered: Covered) -> None:
    found = people("C20", "L20", "M20", "F20")
    assert found == [["C20", "L20"], ["F20"], ["M20"]]
    assert left_out("fam.example")[0][1:] == ("shared", "carried by 2 different names, limit 1")
    covered("2 names, 3 people")


def test_an_agency_inbox_joins_only_equal_names(covered: Covered) -> None:
    found = people("C30", "C31", "C32", "L30", "H30")
    assert found == [["C30", "L30"], ["C31"], ["C32"], ["H30"]]
    assert left_out("agency.example")[0][1:] == ("shared", "carried by 3 different names, limit 1")
    covered("3 names, 4 people")


def test_a_contractor_seen_at_two_companies_is_one_person(covered: Covered) -> None:
    found = people("C40", "C41", "C42", "C43")
    assert found == [["C40", "C41"], ["C42"], ["C43"]]
    with connect("test") as con:
        both = {person_id(con, f"email:{a}") for a in ("sam@one.example", "sam.sole@two.example")}
        assert both == {person_id(con, "salesforce:C40")}
    assert not left_out("one.example") and not left_out("two.example")
    covered("1 person with 2 companies' addresses, 2 colleagues apart")


def test_a_role_mailbox_joins_nobody_without_a_name(covered: Covered) -> None:
    found = people("L50", "L51", "L52", "L53")
    assert found == [["L50"], ["L51"], ["L52"], ["L53"]]
    assert [row[1:] for row in left_out("role.example")] == [
        ("shared", "mailbox of a branch or a team"), ("shared", "role mailbox: general"),
    ]  # fmt: skip
    covered(f"{len(found)} people in 2 mailboxes")


def test_shared_devices_and_numbers_are_rule_rows(covered: Covered) -> None:
    found = people("C60", "C61", "Kiosk-7")
    assert found == [["C60"], ["C61"], ["Kiosk-7"]]
    assert left_out("Kiosk-7") == [("Kiosk-7", "shared", "device that stands in a public place")]
    assert left_out(TOLL_FREE) == [(TOLL_FREE, "shared", "toll-free number of an organisation")]
    covered(f"{len(found)} people, 1 device and 1 number declared")


def test_fan_out_is_detected_and_reported(covered: Covered) -> None:
    users = {row[2]["user_id"] for row in ROWS if row[2].get("email") == "all@fan.example"
             and "user_id" in row[2]}  # fmt: skip
    (report,) = query(
        "select treatment, reason, strong_id_type, strong_id_count, record_count "
        "from identity.shared_identifiers where id_value = 'all@fan.example'"
    )
    reason = f"links {len(users)} different user_id, limit 2"
    assert report == ("shared", reason, "user_id", len(users), len(users) + 1)
    assert len(people("F70", *(f"v7{n}" for n in range(7)))) == len(users) + 1
    covered(reason)


def test_a_person_in_every_system_is_no_fan_out(covered: Covered) -> None:
    leads = [f"L8{n}" for n in range(6)]
    found = people("C80")
    assert found == [["C80", "H80", *leads, "M80", "v80"]]
    counted = query(
        "select strong_id_type, strong_id_count, is_shared from "
        "identity.int_identity__identifier_values where id_value = 'me@every.example'"
    )
    assert counted == [("salesforce_lead_id", len(leads), False)]
    covered(f"{len(found[0])} records of 5 systems, 1 person")


def test_masters_of_salesforce_masters_are_one_person(covered: Covered) -> None:
    found = people("C90", "L90")
    assert found == [["C90", "C91", "C92"], ["L90", "L91", "L92"]]
    covered("2 chains of 3 records")


def test_hubspot_merges_hold_through_a_contact_never_exported(covered: Covered) -> None:
    assert people("H100", "H102") == [["H100", "H102"]]
    rules = query("select record_id, rule from identity.edges where id_value = 'H101' order by all")
    assert rules == [("H100", "merged into contact"), ("H102", "merged contact")]
    covered("2 merges, 1 person")


def test_marketo_merges_and_leads_are_evidence(covered: Covered) -> None:
    assert people("M110", "M112", "C112") == [["C112", "M110", "M112"]]
    assert people("M113") == [["F113", "L113", "M113"]]
    with connect("test") as con:
        assert person_id(con, "marketo:M110") == person_id(con, "salesforce:C112")
    covered("2 merges, 3 Marketo leads, 2 people")


def test_a_pattern_that_is_none_stops_the_run_and_is_named(covered: Covered) -> None:
    with connect("test") as con:
        con.execute("insert into rules.identity_shared_values values ('phone', '+44(', 'a desk')")
    with pytest.raises(DbtFailed) as caught:
        build("int_identity__value_patterns")
    with connect("test") as con:
        con.execute("delete from rules.identity_shared_values where pattern = '+44('")
    assert (
        "expected a regular expression (RE2) in the column pattern of "
        "seeds/rules/identity_shared_values.csv, got +44( (id_type phone, reason a desk); mend or "
        "remove that row"
    ) in str(caught.value)
    covered("1 row named")
