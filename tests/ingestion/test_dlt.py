"""An API that is pulled lands like an export: same table, same ledger, once, from where it was."""

import importlib.util
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from ingestion import dlt_adapter
from ingestion.apis import hubspot as adapter
from ingestion.arrivals import Arrival, ingest_all
from ingestion.commands import register
from ingestion.dlt_adapter import pull
from ingestion.errors import DeclarationError, InboxError
from warehouse.settings import settings

ROOT = Path(__file__).parents[2]
CONTACTS = "select id, email, updated_at from raw_hubspot.contacts_api order by _load_id, _line"


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fake = _module("fake_hubspot")


@pytest.fixture
def api(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A HubSpot with 250 contacts changed on 1 March 2026, and the token for it."""
    with fake.serve() as running:
        for n in range(1, 251):
            running.contact(n * 7, f"p{n}@example.test", f"2026-03-01T10:00:00.{n:03}Z")
        connection = {"conn_type": "http", "host": running.url, "password": fake.TOKEN}
        monkeypatch.setenv("AIRFLOW_CONN_ONEFOLD_HUBSPOT", json.dumps(connection))
        yield running


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client would have slept, without sleeping."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def run(*arguments: str) -> Result:
    app = typer.Typer()
    register(app)
    app.command("other")(lambda: None)  # with one command only, Typer would drop its name
    return CliRunner().invoke(app, ["ingest", *arguments])


def by_outcome(arrived: list[Arrival]) -> dict[str, str]:
    return {a.uri.removeprefix("api:hubspot."): a.outcome for a in arrived}


def landing() -> list[str]:
    return sorted(p.name for p in settings().landing.rglob("*") if p.is_file())


def test_contacts_are_pulled_page_by_page_and_land_once(api: Any, query: Any) -> None:
    found = run("pull", "hubspot")
    assert found.exit_code == 0, found.output
    rows = query(CONTACTS)
    assert len(rows) == 250
    assert rows[0] == ("7", "p1@example.test", "2026-03-01T10:00:00.001Z")
    assert [row[0] for row in rows] == [str(n * 7) for n in range(1, 251)]
    assert api.calls.count(("POST", 200)) == 3
    assert {"email", "hs_merged_object_ids", "lastmodifieddate"} <= set(api.asked[0]["properties"])
    (name,) = landing()
    assert name.startswith("contacts_api_") and name.endswith(".jsonl")
    line = (settings().landing / "hubspot" / name).read_text("utf-8").split("\n")[0]
    assert json.loads(line) == api.contacts[7], "the vendor's object, word for word"
    assert fake.TOKEN not in found.output


def test_the_next_pull_brings_what_changed_and_nothing_else(api: Any, query: Any) -> None:
    assert by_outcome(pull(["hubspot"])) == {
        "contacts_api": "fetched", "contacts_api__archived": "present",
    }  # fmt: skip
    before = landing()
    assert set(by_outcome(pull(["hubspot"])).values()) == {"present"}
    assert landing() == before
    api.contact(14, "new@example.test", "2026-03-02T09:00:00Z")
    api.contact(9_999, "late@example.test", "2026-03-02T09:00:00.500Z")
    api.contact(21, "gone@example.test", "2026-03-02T10:00:00Z", archived=True,
                archivedAt="2026-03-02T10:00:00Z")  # fmt: skip
    assert set(by_outcome(pull(["hubspot"])).values()) == {"fetched"}
    (group,) = api.asked[-1]["filterGroups"]
    since = {f["operator"]: f["value"] for f in group["filters"]}["GTE"]
    assert datetime.fromtimestamp(int(since) / 1000, UTC).isoformat() == (
        "2026-03-01T10:00:00.250000+00:00"
    )
    ingest_all()
    assert query("select count(*) from raw_hubspot.contacts_api") == [(253,)]
    changed = (
        "select id, email, archived from raw_hubspot.contacts_api where updated_at > '2026-03-02'"
    )
    assert sorted(query(changed)) == [
        ("14", "new@example.test", "false"),
        ("21", "gone@example.test", "true"),
        ("9999", "late@example.test", "false"),
    ]
    assert set(by_outcome(pull(["hubspot"])).values()) == {"present"}


def test_a_pull_that_is_forgotten_and_repeated_lands_nothing_twice(
    api: Any, query: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull(["hubspot"])
    before = landing()
    for state in (settings().home / "dlt").rglob("state.json"):
        state.unlink()
    assert set(by_outcome(pull(["hubspot"])).values()) == {"present"}
    assert landing() == before
    assert ingest_all().rows_loaded == 250
    monkeypatch.setenv("ONEFOLD_PULLS", "hubspot")
    assert ingest_all().rows_loaded == 0
    assert query("select count(*) from raw_hubspot.contacts_api") == [(250,)]


def test_a_crash_before_the_state_is_kept_repeats_the_pull(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """The process died here."""

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(dlt_adapter.files, "replace", die)
        with pytest.raises(Killed):
            pull(["hubspot"])
    assert landing() == []
    assert by_outcome(pull(["hubspot"]))["contacts_api"] == "fetched"


def test_what_changes_during_a_pull_is_found_by_the_next(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, module = api.search, ModuleType("at_a_moment")
    monkeypatch.setitem(sys.modules, "at_a_moment", module)

    def meanwhile(body: dict[str, Any]) -> dict[str, Any]:
        if (
            len(api.asked) == 2
        ):  # between the pages two change, one that was seen and one that was not
            api.contact(7, "first@example.test", "2026-03-01T11:00:01Z")
            api.contact(1_750, "last@example.test", "2026-03-01T11:00:02Z")
        found: dict[str, Any] = asked(body)
        return found

    api.search = meanwhile
    for hour in (11, 12):
        until = datetime(2026, 3, 1, hour, tzinfo=UTC)
        module.source = partial(adapter.source, until)  # type: ignore[attr-defined]
        pull(["at_a_moment:source"])
    lines = [
        json.loads(line)["properties"]["email"]
        for name in landing()
        for line in (settings().landing / "hubspot" / name).read_text().splitlines()
    ]
    assert len(lines) == 251, "249 and both that moved"
    assert {"p1@example.test", "first@example.test", "last@example.test"} <= set(lines)


def test_too_many_requests_and_a_failure_are_waited_out(api: Any, waits: list[float]) -> None:
    api.trouble = [(429, {"Retry-After": "7"}), (500, {})]
    assert by_outcome(pull(["hubspot"]))["contacts_api"] == "fetched"
    assert api.calls[:3] == [("POST", 429), ("POST", 500), ("POST", 200)]
    assert waits[0] == 7 and len(waits) >= 2


def test_an_api_that_fails_is_refused_and_the_others_land(
    api: Any, query: Any, land: Any, events: Callable[[int], str], monkeypatch: pytest.MonkeyPatch,
    waits: list[float],
) -> None:  # fmt: skip
    land("hubspot/email_events.csv", events(3))
    monkeypatch.setenv("ONEFOLD_PULLS", "hubspot")
    api.trouble = [(500, {})] * 5
    summary = ingest_all("run")
    assert summary.rows_loaded == 3
    (message,) = summary.refused
    assert "api:hubspot.contacts_api" in message and "127.0.0.1 answered 500" in message
    assert landing() == ["email_events.csv"]
    assert len(query("select 1 from state.loads where status = 'refused'")) == 1
    assert run("pull", "hubspot").exit_code == 0
    assert query("select 1 from state.loads where status = 'refused'") == []
    assert query("select count(*) from raw_hubspot.contacts_api") == [(250,)]


def test_a_wrong_token_says_so_without_showing_it(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = json.dumps({"conn_type": "http", "host": api.url, "password": "wr0ng-canary"})
    monkeypatch.setenv("AIRFLOW_CONN_ONEFOLD_HUBSPOT", wrong)
    found = run("pull", "hubspot")
    assert found.exit_code == 1
    assert "answered 401" in found.output and "canary" not in found.output


@pytest.mark.parametrize(
    ("names", "connection", "error"),
    [
        (["nobody"], "", "expected one of hubspot, or module:function, got 'nobody'"),
        (["json:nothing"], "", "module:function"),
        (["hubspot"], "", "AIRFLOW_CONN_ONEFOLD_HUBSPOT"),
        (["hubspot"], '{"host": "http://api.example.com", "password": "x"}', "expected https"),
    ],
)
def test_a_pull_that_is_not_set_up_says_what_is_missing(
    home: Path, monkeypatch: pytest.MonkeyPatch, names: list[str], connection: str, error: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ONEFOLD_HUBSPOT", connection)
    with pytest.raises(InboxError, match=error):
        pull(names)


def test_a_missing_dlt_is_named_with_its_extra(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlt", None)
    with pytest.raises(InboxError, match=r"dlt.*\.\[dlt\]"):
        pull(["hubspot"])
    assert pull([]) == []


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """A dlt source of one's own: (source, resource, what it yields) to the name to pull."""

    def make(source: str, resource: str, rows: list[Any]) -> list[str]:
        import dlt

        def resources() -> Any:
            return dlt.resource(lambda: iter(rows), name=resource)

        module = ModuleType("own_source")
        module.make = dlt.source(resources, name=source)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "own_source", module)
        return ["own_source:make"]

    return make


def test_a_table_of_csv_gets_csv(home: Path, own: Any, query: Any) -> None:
    event = {
        "id": "e1", "created": 1427997766000, "type": "CLICK", "recipient": 'a"b@example.test',
        "emailCampaignId": 1, "portalId": 2, "appId": None, "sentBy.id": "", "sentBy.created": "",
    }  # fmt: skip
    rows = [event, event | {"id": "e2", "url": "https://x.test/ä,b", "extra": {"k": [1]}}]
    (arrival,) = pull(own("hubspot", "email_events", rows))
    assert arrival.outcome == "fetched" and arrival.file.endswith(".csv")
    assert ingest_all().rows_loaded == 2
    assert query('select id, created, recipient, "appId", url from raw_hubspot.email_events') == [
        ("e1", "1427997766000", 'a"b@example.test', "", ""),
        ("e2", "1427997766000", 'a"b@example.test', "", "https://x.test/ä,b"),
    ]
    assert query("select undeclared_columns from state.loads") == [(["extra"],)]


def test_what_is_no_object_of_the_api_is_refused(home: Path, own: Any) -> None:
    for rows, said in ((["text"], "got str"), ([{"id": b"x"}], "got bytes")):
        (arrival,) = pull(own("hubspot", "contacts_api", rows))
        assert arrival.outcome == "failed" and said in arrival.message
    assert landing() == []


@pytest.mark.parametrize(
    ("source", "resource", "error"),
    [("hubspot", "nothing", DeclarationError), ("salesforce", "opportunities", InboxError)],
)
def test_a_resource_needs_a_table_whose_pattern_takes_it(
    home: Path, own: Any, source: str, resource: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        pull(own(source, resource, [{"Id": "1"}]))


def test_the_file_goes_into_the_folder_of_the_pattern(home: Path, own: Any) -> None:
    (arrival,) = pull(own("google_ads", "campaign_report_api", [{"campaign.id": 1}]))
    assert arrival.file.startswith("google_ads/api/campaign_report_api_")
    assert (settings().landing / arrival.file).read_text() == "campaign.id\n1\n"


def test_the_example_of_the_guide_works(
    api: Any, query: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = (ROOT / "docs" / "how_to_pull_from_an_api.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", guide, flags=re.DOTALL)
    module = ModuleType("acme_pulls")
    exec(code.replace("https://crm.example.com", api.url), module.__dict__)
    monkeypatch.setitem(sys.modules, "acme_pulls", module)
    api.pages = [{"Id": "701A", "Name": "Launch", "UpdatedAt": "2026-03-01T10:00:00Z"}]
    (name,) = re.findall(r"ONEFOLD_PULLS=.*(acme_pulls:\w+)", guide)
    (arrival,) = pull([name])
    assert arrival.outcome == "fetched" and arrival.file.startswith("salesforce/campaigns_")
    assert [a.outcome for a in pull([name])] == ["present"]


def test_dlt_keeps_to_this_deployment_and_reports_to_nobody(api: Any) -> None:
    pull(["hubspot"])
    import dlt

    assert dlt.config["runtime.dlthub_telemetry"] is False
    kept = [p.name for p in (settings().home / "dlt").rglob("*") if p.is_file()]
    assert kept == ["state.json"]
