"""The webhook over real HTTP, against the invented company's receiver and its fault script."""

import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from activation.config import Sync
from activation.connections import Connection
from activation.destinations.webhook import Webhook, encode, request_key
from activation.errors import ConnectionInvalid, SyncConfigError
from activation.http_calls import check_url, judge, sign
from activation.records import Record, idempotency_key
from simulator.receiver import Fault, Receiver, start
from warehouse.settings import settings

SECRET = "s3cr3t-canary"


def record(key: str, action: str = "add", number: int = 1) -> Record:
    payload = None if action == "remove" else f'{{"mail":"{key}@x.test","n":{number}.10}}'
    identity = idempotency_key("people", key, action, payload, number)
    return Record(key, f"p_{key}", action, "allowed", payload, number, identity, payload)


def hook(sync: Sync, url: str, secret: str = SECRET, **options: Any) -> tuple[Webhook, list[float]]:
    """A webhook that never sleeps and writes down for how long it would have."""
    pauses: list[float] = []
    from dataclasses import replace

    options = {"batch_size": 10, "max_attempts": 3} | options
    changed = replace(sync, options=options)
    webhook = Webhook(
        changed, Connection("crm", url, secret), sleep=pauses.append, jitter=lambda: 1.0
    )
    webhook.check()
    return webhook, pauses


def post(
    sync: Sync, home: Path, faults: Sequence[Fault], records: Sequence[Record], **options: Any
) -> tuple[list[tuple[Any, ...]], list[float], Receiver]:
    """Send records through a scripted receiver: outcomes, pauses, and the receiver."""
    with start(home / "received.sqlite", SECRET, faults) as receiver:
        webhook, pauses = hook(sync, receiver.url, **options)
        outcomes = webhook.send(records)
    found = [(o.status, o.attempts, o.error_class, o.response_code, o.halts) for o in outcomes]
    return found, pauses, receiver


def test_signed_records_arrive_whole(sync: Sync, home: Path) -> None:
    found, _, receiver = post(sync, home, [], [record("a"), record("b")])
    assert found == [("sent", 1, None, 200, False)] * 2
    assert receiver.held("people") == {
        "a": {"mail": "a@x.test", "n": 1.1},
        "b": {"mail": "b@x.test", "n": 1.1},
    }
    assert receiver.keys_seen == [request_key([record("a"), record("b")])]


def test_the_body_is_a_function_of_the_records_and_keeps_numbers() -> None:
    body = encode("people", [record("a"), record("b", "remove")])
    assert body == encode("people", [record("a"), record("b", "remove")])
    assert b'"n":1.10' in body
    content = json.loads(body)
    assert [r["action"] for r in content["records"]] == ["upsert", "remove"]
    assert "p_a" not in body.decode()


def test_a_known_signature() -> None:
    # printf '1700000000.{}' | openssl dgst -sha256 -hmac key
    expected = "9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae"
    assert sign("key", 1700000000, b"{}") == f"v1={expected}"


def test_a_wrong_secret_and_an_old_timestamp_are_refused(sync: Sync, home: Path) -> None:
    with start(home / "received.sqlite", SECRET) as receiver:
        webhook, _ = hook(sync, receiver.url, secret="other")
        outcome = webhook.send([record("a")])[0]
        assert (outcome.status, outcome.error_class, outcome.halts) == (
            "failed",
            "unauthorized",
            True,
        )
    with start(home / "received.sqlite", SECRET, clock=lambda: 4e9) as receiver:
        webhook, _ = hook(sync, receiver.url)
        assert webhook.send([record("a")])[0].response_code == 401
        assert receiver.held("people") == {}


@pytest.mark.parametrize(
    ("faults", "expected", "pauses", "is_held"),
    [
        ([Fault("rate_limit", retry_after="7")], ("sent", 2, None, 200, False), [7.0], True),
        ([Fault("rate_limit")] * 3, ("failed", 3, "rate_limited", 429, True), [1.0, 1.0], False),
        (
            [Fault("rate_limit", retry_after="3600")],
            ("failed", 1, "rate_limited", 429, True),
            [],
            False,
        ),
        ([Fault("error_before")], ("sent", 2, None, 200, False), [0.5], True),
        ([Fault("error_after")], ("sent", 2, None, 200, False), [0.5], True),
        ([Fault("error_after")] * 3, ("unknown", 3, "server_error", 500, True), [0.5, 1.0], True),
        ([Fault("drop_after")], ("sent", 2, None, 200, False), [0.5], True),
        ([Fault("drop_after")] * 3, ("unknown", 3, "broken_off", None, True), [0.5, 1.0], True),
        (
            [Fault("error_after"), *[Fault("rate_limit")] * 2],
            ("unknown", 3, "rate_limited", 429, True),
            [0.5, 1.0],
            True,
        ),
        ([Fault("redirect")], ("failed", 1, "redirect", 302, True), [], False),
        ([Fault("unauthorized")], ("failed", 1, "unauthorized", 401, True), [], False),
    ],
)
def test_each_fault_by_its_class(
    sync: Sync, faults: list[Fault], expected: Any, pauses: list[float], is_held: bool
) -> None:
    found, slept, receiver = post(sync, settings().home, faults, [record("a")])
    assert (found, slept) == ([expected], pauses)
    assert ("a" in receiver.held("people")) == is_held
    # However often it arrived, it was applied once.
    assert receiver.deliveries() == [("a", "upsert")] * is_held
    assert len(set(receiver.keys_seen)) == 1


@pytest.mark.parametrize(("kind", "is_held"), [("timeout_before", False), ("timeout_after", True)])
def test_no_answer_leaves_the_outcome_unknown(
    sync: Sync, home: Path, kind: str, is_held: bool
) -> None:
    found, _, receiver = post(
        sync, home, [Fault(kind)], [record("a")], max_attempts=1, timeout_seconds=0.2
    )
    assert found == [("unknown", 1, "timeout", None, True)]
    assert bool(receiver.held("people")) == is_held


def test_nobody_listening_is_a_failure_and_certainly_not_sent(sync: Sync) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    webhook, pauses = hook(sync, f"http://127.0.0.1:{port}/")
    outcome = webhook.remove([record("a", "remove")])[0]
    assert (outcome.status, outcome.error_class, outcome.attempts) == ("failed", "connection", 3)
    assert pauses == [0.5, 1.0]


def test_partial_results_are_told_apart(sync: Sync, home: Path) -> None:
    faults = [Fault("partial", keys=frozenset({"b"}))]
    found, _, receiver = post(sync, home, faults, [record(k) for k in "abc"])
    assert found == [
        ("sent", 1, None, 207, False),
        ("failed", 1, "invalid", 207, False),
        ("sent", 1, None, 207, False),
    ]
    assert set(receiver.held("people")) == {"a", "c"}


def test_a_refused_batch_is_halved_until_the_bad_record_stands_alone(
    sync: Sync, home: Path
) -> None:
    faults = [Fault("reject", keys=frozenset({"e"}))]
    found, _, receiver = post(sync, home, faults, [record(k) for k in "abcdefgh"])
    assert [f[0] for f in found] == ["sent"] * 4 + ["failed"] + ["sent"] * 3
    assert found[4] == ("failed", 1, "rejected", 422, False)
    assert len(receiver.requests) == 7
    assert set(receiver.held("people")) == set("abcdfgh")


def test_remove_add_remove_are_three_changes(sync: Sync, home: Path) -> None:
    with start(home / "received.sqlite", SECRET) as receiver:
        webhook, _ = hook(sync, receiver.url)
        for number, action in enumerate(["add", "remove", "add", "remove", "remove"]):
            steps = [record("a", action, min(number, 3))]
            assert webhook.send(steps)[0].status == "sent"
        assert [action for _, action in receiver.deliveries()] == [
            "upsert", "remove", "upsert", "remove",
        ]  # fmt: skip


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "ftp://example.com", "https://", "http://127.0.0.1.evil.test/"]
)
def test_only_https_or_this_machine(url: str) -> None:
    with pytest.raises(ConnectionInvalid, match="expected an https address"):
        check_url("crm", url)


@pytest.mark.parametrize("url", ["https://example.com", "http://localhost:1/", "http://[::1]:1/"])
def test_good_addresses(url: str) -> None:
    check_url("crm", url)


def test_a_secret_is_needed_and_options_are_numbers(sync: Sync) -> None:
    with pytest.raises(ConnectionInvalid, match="a secret"):
        hook(sync, "https://example.com", secret="")
    for options in ({"batch_size": 0}, {"batch_size": "all"}, {"speed": 3}):
        with pytest.raises(SyncConfigError, match="expected"):
            hook(sync, "https://example.com", **options)


def test_retry_after_as_a_date() -> None:
    answer = judge(429, b"", "Thu, 01 Jan 1970 00:01:40 GMT", now=40.0)
    assert answer.retry_after == 60.0
    assert judge(429, b"", "soon", now=0.0).retry_after is None


def test_prose_in_an_answer_is_not_kept(sync: Sync) -> None:
    from activation.http_calls import Answer, outcomes

    bad = record("a")
    body = json.dumps(
        {"results": [{"idempotency_key": bad.idempotency_key, "error": "a@x.test is bad"}]}
    )
    found = outcomes([bad, record("b")], Answer(None, 207, body=body.encode()), 1)
    assert [(o.status, o.error_class) for o in found] == [
        ("failed", "rejected"),
        ("unknown", "no_result"),
    ]
    assert outcomes([bad], Answer(None, 207, body=b"fine"), 1)[0].status == "unknown"
