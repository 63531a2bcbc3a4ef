"""Each way a file can be unusable ends in a message that helps, and never stops the others."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ingestion import content, load

HEADER = "id,created,type,recipient,emailCampaignId,portalId,appId,sentBy.id,sentBy.created,url\n"
GOOD = "e1,1,CLICK,a@example.test,1,2,3,,,https://x.test/\n"
EVENT = {"messageId": "m1", "type": "page", "anonymousId": "a", "timestamp": "2026-01-01T00:00:00Z"}
EVENTS = "hubspot/email_events.csv"


@pytest.mark.parametrize(
    "case",
    [
        (EVENTS, b"", ["empty (0 bytes)"]),
        (EVENTS, HEADER + GOOD + "e2,1,CLI", ["truncated", "middle of a row", "line 3"]),
        (EVENTS, HEADER + GOOD + 'e2,1,CLICK,"b@exam', ["truncated", "quoted value", "line 3"]),
        (EVENTS, HEADER + GOOD + 'e2,1,CLICK,"b\nc\n', ["truncated", "quoted value", "line 3"]),
        (EVENTS, (HEADER + GOOD + "é").encode()[:-1], ["truncated", "byte", "line 3"]),
        (EVENTS, HEADER.replace("recipient,", "") + GOOD, ["missing declared column recipient"]),
        (
            EVENTS,
            "nothing,to,see\n1,2,3\n",
            ["missing declared column id, created", "no line looks like"],
        ),
        (EVENTS, HEADER.replace("url", "link") + GOOD, ["column url", "undeclared there: link"]),
        (EVENTS, GOOD + GOOD, ["no line looks like the header of hubspot.email_events"]),
        (EVENTS, HEADER.replace("url", "id") + GOOD, ["missing declared column url"]),
        (EVENTS, HEADER.replace("\n", ",id\n") + GOOD, ["column id appears twice"]),
        (EVENTS, (HEADER + GOOD + "é,,\n").encode("latin-1"), ["utf-8", "byte 136", "line 3"]),
        (EVENTS, (HEADER + GOOD).encode("utf-16"), ["declared as utf-8", "utf-16-le byte order"]),
        (EVENTS, (HEADER + GOOD).encode("utf-16-le"), ["declared as utf-8", "byte 1", "zero"]),
        (EVENTS, (HEADER + "é").encode("utf-16-le"), ["declared as utf-8", "byte 1", "zero"]),
        (EVENTS, (HEADER + GOOD).replace(",", ";"), ["separated by semicolons: expected commas"]),
        (EVENTS, (HEADER + GOOD).replace(",", "\t"), ["separated by tabs: expected commas"]),
        ("hubspot/what.csv", HEADER, ["unrecognised", "nearest is hubspot."]),
        ("stray.bin", b"\0\1", ["unrecognised"]),
        ("hubspot/contacts_email_events.csv", HEADER, ["several tables", "hubspot.contacts"]),
        ("web_events/a.jsonl", json.dumps(EVENT) + '\n{"messageId":"m2', ["truncated", "line 2"]),
        ("web_events/a.jsonl", json.dumps([EVENT]), ["JSON array", "one object a line"]),
        ("web_events/a.jsonl", "hello\nworld\n", ["none of its 2 lines", "JSON lines"]),
        (
            "web_events/a.jsonl",
            json.dumps({k: v for k, v in EVENT.items() if k != "anonymousId"}) + "\n",
            ["missing declared column anonymous_id (anonymousId)"],
        ),
    ],
)
def test_refused_with_a_message_and_the_others_go_on(
    land, ingest, query, events, case: tuple[str, bytes | str, list[str]]
) -> None:
    file, body, parts = case
    land(file, body)
    land("hubspot/zz_email_events.csv", events(3))
    found = ingest()
    assert found[file].outcome == "refused"
    assert found[file].load.message.startswith(f"{file}: ")
    assert not [p for p in parts if p not in found[file].load.message], found[file].load.message
    assert "@" not in found[file].load.message
    assert found["hubspot/zz_email_events.csv"].load.rows_loaded == 3
    assert query("select file, status from state.loads where status = 'refused'") == [
        (file, "refused")
    ]
    assert query(f"select count(*) from raw_hubspot.email_events where _file = '{file}'") == [(0,)]


def test_a_refused_file_is_tried_again_and_adds_no_ledger_rows(land, ingest, query) -> None:
    land(EVENTS, HEADER + GOOD + "e2,1")
    for _ in range(3):
        assert ingest()[EVENTS].outcome == "refused"
    assert query("select status, message is not null from state.loads") == [("refused", True)]
    land(EVENTS, HEADER + GOOD + "e2,1,CLICK,,,,,,,\n")
    assert ingest()[EVENTS].outcome == "loaded"
    assert query("select status, rows_loaded from state.loads order by status") == [
        ("loaded", 2),
        ("superseded", 0),
    ]


def test_taking_a_refused_file_away_closes_its_refusal(land, ingest, query) -> None:
    path = land("hubspot/what.csv", "x")
    ingest()
    path.unlink()
    ingest()
    assert query("select status from state.loads") == [("superseded",)]


def test_an_unreadable_file_is_refused(land, ingest, home: Path) -> None:
    path = land("hubspot/a_email_events.csv", "x")
    path.unlink()
    path.symlink_to(home / "nowhere")
    found = ingest()["hubspot/a_email_events.csv"]
    assert (found.outcome, "cannot be read" in found.load.message) == ("refused", True)


def test_a_folder_that_cannot_be_read_is_said(
    land, ingest, query, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = land("salesforce/Lead.csv", "x").parent
    (closed / "Lead.csv").unlink()
    land(EVENTS, HEADER + GOOD)
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != closed)
    found = ingest()
    assert "folder that cannot be read" in found["salesforce"].load.message
    assert found[EVENTS].outcome == "loaded"
    monkeypatch.undo()
    monkeypatch.setenv("ONEFOLD_HOME", str(closed.parents[1]))
    assert "salesforce" not in ingest()
    assert query("select status from state.loads order by 1") == [("loaded",), ("superseded",)]


def test_a_header_alone_is_valid_and_says_so(land, ingest) -> None:
    land(EVENTS, HEADER)
    found = ingest()[EVENTS]
    assert (found.outcome, found.load.rows_in, found.ok) == ("loaded", 0, True)
    assert "no rows" in found.load.message


@pytest.mark.parametrize(
    "name",
    [".hidden_email_events.csv", "email_events.csv.part", "email_events.csv.tmp",
     "email_events.csv.crdownload", "_READY", ".git/email_events.csv"],
)  # fmt: skip
def test_files_that_have_not_arrived_are_left_alone(land, ingest, name: str) -> None:
    land(f"hubspot/{name}", HEADER)
    assert ingest() == {}


@pytest.mark.parametrize("when", [(content, "_digest"), (load, "read_parts")])
def test_a_file_that_changes_under_the_reader_waits(
    land, ingest, query, monkeypatch: pytest.MonkeyPatch, when: tuple[ModuleType, str]
) -> None:
    """Whether it is being hashed, or read after that: nothing of it stays."""
    path = land(EVENTS, HEADER + GOOD)
    module, name = when
    read = getattr(module, name)

    def grow(*args: Any) -> Any:
        with path.open("a") as handle:
            handle.write(GOOD)
        return read(*args)

    monkeypatch.setattr(module, name, grow)
    assert ingest()[EVENTS].outcome == "deferred"
    assert query("select count(*) from state.loads") == [(0,)]
    assert query("select count(*) from raw_hubspot.email_events") == [(0,)]
    monkeypatch.undo()
    monkeypatch.setenv("ONEFOLD_HOME", str(path.parents[2]))
    assert ingest()[EVENTS].load.rows_loaded == 2


def test_malformed_lines_are_kept_apart_with_their_text(land, ingest, query) -> None:
    lines = [GOOD, "short,row\n", 'e3,1,CL"ICK,x,,,,,,\n', "\n", GOOD.replace("e1", "e4"),
             'e5,1,"two\nlines",b@example.test,,,,,,\n', GOOD.replace("e1", "e6")]  # fmt: skip
    land(EVENTS, HEADER + "".join(lines))
    found = ingest()[EVENTS]
    load = found.load
    assert (load.rows_in, load.rows_loaded, load.rows_rejected, load.rows_skipped) == (7, 4, 2, 1)
    assert not found.ok
    assert query("select id, _line from raw_hubspot.email_events order by _line") == [
        ("e1", 2), ("e4", 6), ("e5", 7), ("e6", 9),
    ]  # fmt: skip
    assert query("select line, raw_text, reason, load_id from state.rejects order by line") == [
        (3, "short,row", "expected 10 fields, got 2", load.load_id),
        (4, 'e3,1,CL"ICK,x,,,,,,',
         "a quote or a line end stands where RFC 4180 does not allow it", load.load_id),
    ]  # fmt: skip


def test_a_row_without_its_key_is_kept_apart(land, ingest, query) -> None:
    lines = [GOOD, GOOD.replace("e1,1,", " ,1,"), GOOD.replace("e1,1,", 'e3,"",'), ",,,,,,,,,\n",
             GOOD.replace("e1", "e4")]  # fmt: skip
    land(EVENTS, HEADER + "".join(lines))
    load = ingest()[EVENTS].load
    assert (load.rows_in, load.rows_loaded, load.rows_rejected) == (5, 2, 3)
    assert query("select id, _line from raw_hubspot.email_events order by _line") == [
        ("e1", 2),
        ("e4", 6),
    ]
    assert query("select line, raw_text, reason from state.rejects order by line") == [
        (3, lines[1].rstrip(), "the key id is missing"),
        (4, lines[2].rstrip(), "the key created is missing"),
        (5, lines[3].rstrip(), "the key id is missing"),
    ]


def test_bad_json_lines_are_kept_apart(land, ingest, query) -> None:
    second = EVENT | {"messageId": "m2"}
    blank = json.dumps(EVENT | {"messageId": " "})
    lines = [json.dumps(EVENT), "{oops", "", "[1]", '{"type": "page"}', json.dumps(second), blank]
    land("web_events/a.jsonl", "\n".join(lines) + "\n")
    load = ingest()["web_events/a.jsonl"].load
    assert (load.rows_in, load.rows_loaded, load.rows_rejected, load.rows_skipped) == (7, 2, 4, 1)
    assert query("select message_id, _line from raw_web_events.events order by 2") == [
        ("m1", 1),
        ("m2", 6),
    ]
    assert query("select line, raw_text, reason from state.rejects order by 1") == [
        (2, "{oops", "not valid JSON"),
        (4, "[1]", "not a JSON object"),
        (5, '{"type": "page"}', "the key message_id is missing"),
        (7, blank, "the key message_id is missing"),
    ]
