"""What HTTP destinations share: safe addresses, signatures, and what an answer means."""

import hashlib
import hmac
import ipaddress
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from activation.errors import ConnectionInvalid
from activation.records import FAILED, SENT, UNKNOWN, Outcome, Record

_ERROR_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Answer:
    """One answer, or its absence. `is_ambiguous`: the request may have been applied.

    `error_class` is None when the request was accepted.
    """

    error_class: str | None
    code: int | None = None
    is_ambiguous: bool = False
    is_final: bool = True
    is_rejection: bool = False
    retry_after: float | None = None
    body: bytes = b""


def check_url(name: str, url: str) -> None:
    """Raise ConnectionInvalid unless `url` is https, or http to this very machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and is_loopback(parts.hostname or ""):
        return
    raise ConnectionInvalid(
        f"connection {name}: expected an https address (http only to this machine), "
        f"got scheme {parts.scheme or 'none'!r}"
    )


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by its literal address or as `localhost`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """`v1=` and the hex HMAC-SHA256 of `<timestamp>.<body>`; timestamp in Unix seconds."""
    message = str(timestamp).encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def judge(code: int, body: bytes, retry_after: str | None, now: float) -> Answer:
    """What an HTTP status means for the request that got it."""
    wait = _seconds(retry_after, now)
    if 200 <= code < 300:
        return Answer(None, code, body=body)
    if code == 429:
        return Answer("rate_limited", code, is_final=False, retry_after=wait)
    if code in (408, 409, 425) or code >= 500:
        return Answer("server_error", code, is_ambiguous=True, is_final=False, retry_after=wait)
    if code in (400, 413, 422):
        return Answer("rejected", code, is_rejection=True)
    if 300 <= code < 400:
        return Answer("redirect", code)
    return Answer("unauthorized" if code in (401, 403) else "refused", code)


def outcomes(records: list[Record], answer: Answer, attempts: int) -> list[Outcome]:
    """One outcome per record of a request. An answer may list results by idempotency key."""
    if answer.error_class is not None:
        status = UNKNOWN if answer.is_ambiguous else FAILED
        one = Outcome(
            status, attempts, answer.error_class, answer.code, halts=not answer.is_rejection
        )
        return [one] * len(records)
    results = _results(answer.body)
    if results is None and answer.code != 207:
        return [Outcome(SENT, attempts, response_code=answer.code)] * len(records)
    found = results or {}
    return [_one(found.get(r.idempotency_key), answer, attempts) for r in records]


def _one(result: dict[str, object] | None, answer: Answer, attempts: int) -> Outcome:
    if result is None:
        return Outcome(UNKNOWN, attempts, "no_result", answer.code)
    if result.get("status") == "ok":
        return Outcome(SENT, attempts, response_code=answer.code)
    # The other side's prose may repeat personal data; only a plain code is kept.
    code = str(result.get("error") or "")
    error = code if _ERROR_CODE.fullmatch(code) else "rejected"
    return Outcome(FAILED, attempts, error, answer.code)


def _results(body: bytes) -> dict[str, dict[str, object]] | None:
    try:
        content = json.loads(body)
    except ValueError:
        return None
    listed = content.get("results") if isinstance(content, dict) else None
    if not isinstance(listed, list):
        return None
    return {str(r.get("idempotency_key")): r for r in listed if isinstance(r, dict)}


def _seconds(retry_after: str | None, now: float) -> float | None:
    """Retry-After as seconds from `now` (Unix time); it comes as a number or an HTTP date."""
    if not retry_after:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.fromtimestamp(now, UTC)).total_seconds())
