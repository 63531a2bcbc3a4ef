"""A small company's exports, landed and built once, for golden records, accounts and households.

Every name, number and address is invented. The exports land as real ones do, so that lineage can be
compared with the very lines of the files.
"""

import csv
import io
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from identity.step import resolve
from ingestion.landing import ingest_landing
from ingestion.sources import find_table, read_tables
from ops.stages import EVIDENCE, PEOPLE, SEEDS, STAGING
from warehouse.connection import connect
from warehouse.dbt import build
from warehouse.settings import settings

AS_OF = "2026-06-30 00:00:00"
MARTS = " ".join(
    f"path:models/marts/{folder}"
    for folder in ("people", "accounts", "households", "buying_groups", "consent", "spend",
                   "campaigns", "touches")
)  # fmt: skip
Rows = list[dict[str, str]]


def _day(day: str) -> str:
    return f"2026-{day}T00:00:00.000Z"


def _lead(key: str, name: str, company: str = "", **more: str) -> dict[str, str]:
    first, _, last = name.partition(" ")
    row = {"Id": key, "FirstName": first, "LastName": last, "Company": company}
    day = more.pop("day", "01-01")
    return {**row, "CreatedDate": _day("01-01"), "SystemModstamp": _day(day), **more}


def _contact(key: str, name: str, account: str = "", **more: str) -> dict[str, str]:
    row = _lead(key, name, **more) | {"AccountId": account}
    row.pop("Company")
    return row


def _account(key: str, name: str, parent: str = "", **more: str) -> dict[str, str]:
    return {"Id": key, "Name": name, "ParentId": parent, "CreatedDate": _day("01-01"), **more}


def _hill(street: str, postcode: str = "M1 1AA") -> dict[str, str]:
    return {"Street": street, "PostalCode": postcode}


ACCOUNTS: Rows = [
    _account("A1", "Oak Timber GmbH", "A3", Website="https://oak.example", BillingCountry="Germany",
             BillingStreet="1 Works Road", BillingPostalCode="N1 1AA", Phone="+442079460999"),
    _account("A2", "Birch Media Ltd.", Website="birch.example"),
    _account("A3", "Forest Holding AG", "A4"),
    _account("A4", "Grove Group Inc", "A5"),
    _account("A5", "Wood Partners", "A4"),
    _account("A6", "Birch Medial plc"),
]  # fmt: skip
CONTACTS: Rows = [
    # Joanna: the contact is trusted most and newest, but has an initial and a city alone.
    _contact("C1", "J. Ash", "A1", Email="joanna@oak.example", Title="CEO", MailingCity="London",
             day="05-01"),
    # Ben: one person of two records; the lead opted out, the contact's address agreed.
    _contact("C2", "Ben Birch", "A2", Email="ben@birch.example"),
    # Cleo: a contractor, contact of two companies.
    _contact("C3", "Cleo Cole", "A1", Email="cleo@contract.example", day="02-01"),
    _contact("C4", "Cleo Cole", "A2", Email="cleo@contract.example", day="04-01"),
    # Colleagues of A1: one took part in time, one too late, one never; two of them are called Ng.
    _contact("C7", "Ivan Ng", "A1", Email="ivan@oak.example", MailingStreet="9 Office Park",
             MailingPostalCode="N9 9NN"),
    _contact("C8", "Jill Ng", "A1", Email="jill@oak.example", MailingStreet="9 Office Park",
             MailingPostalCode="N9 9NN"),
    _contact("C9", "Kim Kerr", "A1", Email="kim@oak.example"),
]  # fmt: skip
LEADS: Rows = [
    _lead("L1", "Joana Ash", "Oak", Email="joanna@oak.example", Title="Owner", City="Leeds",
          Street="5 Elm Street", PostalCode="LS1 1AA", ConvertedContactId="C1",
          ConvertedAccountId="A1", ConvertedOpportunityId="O1", day="02-01"),
    _lead("L2", "Ben Birch", "Birch", Email="ben.b@birch.example", ConvertedContactId="C2",
          HasOptedOutOfEmail="true", ConvertedAccountId="A2", day="03-01"),
    _lead("L5", "Dan Dow", "Whatever", Email="dan.dow@gmail.com", ConvertedAccountId="A2"),
    _lead("L6", "Dora Dean", "Birch", Email="dora@birch.example"),
    _lead("L7", "Eve East", "Unknown", Email="eve@unknown.example"),
    _lead("L8", "Finn Fry", "Oak Timbre", Email="finn.fry@gmail.com"),
    _lead("L9", "Gus Gray", "Oakley Bakery", Email="gus.gray@gmail.com"),
    _lead("L10", "Hana Hall", "OAK TIMBER, Inc.", Email="hana.hall@gmail.com"),
    _lead("L11", "Ian Ives", "Birch Medias S.p.A.", Email="ian.ives@gmail.com"),
    # A family inbox, and an address that three share, one of them through a number.
    _lead("L20", "Rita Roe", Email="family.roe@gmail.com"),
    _lead("L21", "Rob Roe", Email="family.roe@gmail.com"),
    _lead("L22", "Sam Lee", **_hill("7 Hill Rd")),
    _lead("L23", "Sue Lee", **_hill("7, Hill Rd."), Phone="+442079460123"),
    _lead("L24", "Tom Kay", **_hill("7 Hill Rd")),
    _lead("L25", "Sid Lee", Phone="+442079460123"),
    # No household: an agency's inbox, one at a company, a role's, an office, a street, a phone.
    *(_lead(f"L3{n}", name, Email="hire.team@gmail.com")
      for n, name in enumerate(["Ada Fox", "Bea Fox", "Cy Day", "Di Orr"])),
    *(_lead(f"L4{n}", f"{name} Mott", Email="studio@agency.example")
      for n, name in enumerate(["Max", "Moe"])),
    *(_lead(f"L5{n}", f"{name} Pine", Email="info@gmail.com")
      for n, name in enumerate(["Pat", "Pia"])),
    *(_lead(f"L6{n}", f"{name} Poe", **_hill("1 WORKS ROAD", "N1 1AA"))
      for n, name in enumerate(["Pam", "Peg"])),
    *(_lead(f"L7{n}", f"{name} Quist", **_hill("Main Street"))
      for n, name in enumerate(["Quin", "Qadir"])),
    *(_lead(f"L8{n}", f"{name} Reed", Phone="+442079460999")
      for n, name in enumerate(["Ron", "Rae"])),
]  # fmt: skip
HUBSPOT: Rows = [
    {"Record ID": "H1", "First Name": "Joanna", "Last Name": "Ash", "Email": "joanna@oak.example",
     "Create Date": "2026-03-01 10:00", "Loyalty ID": "LY-1"},
]  # fmt: skip
DEALS: Rows = [
    {"Id": "O1", "AccountId": "A1", "ContactId": "C3", "IsClosed": "true", "IsWon": "true",
     "CreatedDate": _day("04-01"), "CloseDate": "2026-05-15"},
    {"Id": "O2", "AccountId": "A1", "ContactId": "C3", "IsClosed": "true",
     "CreatedDate": _day("05-20"), "CloseDate": "2026-05-20", "Original_Opportunity__c": "O1"},
]  # fmt: skip
ROLES: Rows = [
    {"Id": "R1", "OpportunityId": "O1", "ContactId": "C1", "Role": "Decision Maker",
     "IsPrimary": "true", "CreatedDate": _day("04-01")},
    {"Id": "R2", "OpportunityId": "O1", "ContactId": "C4", "Role": "Influencer",
     "IsPrimary": "false", "CreatedDate": _day("04-02")},
]  # fmt: skip
FORMS = [
    ("F1", "ivan@oak.example", "2026-05-01"),
    ("F2", "ivan@oak.example", "2026-05-10"),
    ("F3", "kim@oak.example", "2026-06-01"),
    ("F4", "joanna@oak.example", "2026-02-15"),
]


def _milliseconds(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp() * 1000)


def _csv(file: str, source: str, table: str, rows: Rows) -> None:
    columns = [c.name for c in find_table(read_tables(), source, table).columns]
    target = io.StringIO()
    writer = csv.DictWriter(target, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    _write(file, target.getvalue())


def _jsonl(file: str, rows: Iterable[Mapping[str, Any]]) -> None:
    _write(file, "".join(json.dumps(row) + "\n" for row in rows))


def _write(file: str, text: str) -> None:
    path = settings().landing / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _export() -> None:
    _csv("salesforce/Account.csv", "salesforce", "accounts", ACCOUNTS)
    _csv("salesforce/Contact.csv", "salesforce", "contacts", CONTACTS)
    _csv("salesforce/Lead.csv", "salesforce", "leads", LEADS)
    _csv("salesforce/Opportunity.csv", "salesforce", "opportunities", DEALS)
    _csv("salesforce/OpportunityContactRole.csv", "salesforce", "opportunity_contact_roles", ROLES)
    _csv("hubspot/contacts.csv", "hubspot", "contacts", HUBSPOT)
    _jsonl("hubspot/form_submissions.jsonl", (
        {"conversionId": key, "submittedAt": _milliseconds(day), "formId": "f",
         "pageUrl": "https://www.shop.example/demo",
         "values": [{"name": "email", "value": email},
                    *([{"name": "firstname", "value": "Joanna"}] if key == "F4" else [])]}
        for key, email, day in FORMS
    ))  # fmt: skip
    _jsonl("hubspot/subscription_changes.jsonl", [
        {"timestamp": _milliseconds("2026-06-01"), "portalId": 1, "recipient": "ben@birch.example",
         "changes": [{"change": "SUBSCRIBED", "source": "SOURCE_RECIPIENT", "subscriptionId": 7,
                      "changeType": "SUBSCRIPTION_STATUS"}]},
    ])  # fmt: skip


@pytest.fixture(scope="session")
def people_world(shared_folder: Path, locked: Any) -> Path:
    """The home in which the exports are landed, resolved and built, with the marts' data tests."""
    home = shared_folder / "people_home"
    with locked(home), pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONEFOLD_HOME", str(home))
        if not (home / "built").exists():
            _export()
            assert not ingest_landing("run-1").refused
            clock = {"as_of": AS_OF}
            build(f"{SEEDS} {STAGING}", vars=clock, exclude="resource_type:test")
            build(EVIDENCE, vars=clock, exclude="resource_type:test")
            resolve(AS_OF, "run-1")
            build(f"{PEOPLE} {MARTS}", vars=clock)
            (home / "built").touch()
    return home


@pytest.fixture(scope="module")
def world(people_world: Path, module_home: Path) -> Iterator[SimpleNamespace]:
    """The same in a home of the module's own: `query(sql, *values)`, `person(record id)`,
    `account(Salesforce id)`, `record(person id)`, `build(select)`, the parents and the clock."""
    shutil.copytree(people_world, module_home, dirs_exist_ok=True)
    parents = {row["Id"]: row["ParentId"] for row in ACCOUNTS}
    yield SimpleNamespace(query=_query, person=_person, account=_account_of, record=_record,
                          build=_build, parents=parents, as_of=AS_OF)  # fmt: skip


def _build(select: str, command: str = "run") -> None:
    build(select, command=command, vars={"as_of": AS_OF})


def _query(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connect("test") as con:
        return con.execute(sql, list(values)).fetchall()


def _person(record: str) -> str:
    """The one person of a record."""
    ((found,),) = _query(
        "select person_id from identity.person_records where record_id = ?", record
    )
    return str(found)


def _account_of(key: str) -> str:
    """The company of a Salesforce account."""
    sql = "select account_id from marts.int_accounts__grouped where salesforce_account_id = ?"
    return str(_query(sql, key)[0][0])


def _record(person_id: str) -> str:
    """Any of the person's Salesforce records, to read a result by."""
    sql = "select min(record_id) from identity.person_records where person_id = ?"
    return str(_query(sql, person_id)[0][0])
