"""HubSpot's CRM objects API on loopback: search by filters, listing by pages, and bad moments."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "pat-canary"
LARGEST_PAGE = 100


class Hubspot:
    """What the server holds and what it was asked."""

    def __init__(self) -> None:
        self.contacts: dict[int, dict[str, Any]] = {}
        self.trouble: list[tuple[int, dict[str, str]]] = []
        """Answers (status, headers) that come before the next real ones."""
        self.calls: list[tuple[str, int]] = []
        self.asked: list[dict[str, Any]] = []
        self.url = ""
        self.page = LARGEST_PAGE
        self.pages: list[dict[str, Any]] = []
        """What `/campaigns` answers, to anybody."""

    def contact(self, number: int, email: str, modified: str, **more: Any) -> None:
        """Write a contact; `modified` is ISO 8601 as HubSpot writes it."""
        properties = {"email": email, "lastmodifieddate": modified, "hs_object_id": str(number)}
        self.contacts[number] = {
            "id": str(number),
            "properties": properties | {"firstname": None, "createdate": "2026-01-01T00:00:00Z"},
            "createdAt": "2026-01-01T00:00:00Z",
            "updatedAt": modified,
            "archived": False,
        } | more

    def search(self, body: dict[str, Any]) -> dict[str, Any]:
        """Contacts that fit every filter, sorted, at most one page of them."""
        assert body["limit"] <= LARGEST_PAGE
        (group,) = body["filterGroups"]
        assert len(group["filters"]) <= 6
        found = [
            contact
            for contact in self.contacts.values()
            if not contact["archived"] and all(_fits(contact, f) for f in group["filters"])
        ]
        (sort,) = body["sorts"]
        assert sort == {"propertyName": "hs_object_id", "direction": "ASCENDING"}
        found.sort(key=lambda contact: int(contact["id"]))
        return {"total": len(found), "results": found[: min(body["limit"], self.page)]}

    def listed(self, query: dict[str, list[str]]) -> dict[str, Any]:
        """Contacts archived or not, from an offset on."""
        archived = query["archived"] == ["true"]
        found = [c for _, c in sorted(self.contacts.items()) if c["archived"] == archived]
        start = int(query.get("after", ["0"])[0])
        end = start + min(int(query["limit"][0]), self.page)
        following = {"paging": {"next": {"after": str(end), "link": "…"}}}
        return {"results": found[start:end]} | (following if end < len(found) else {})


def _fits(contact: dict[str, Any], condition: dict[str, str]) -> bool:
    value = contact["properties"][condition["propertyName"]]
    if condition["propertyName"] == "lastmodifieddate":
        value = datetime.fromisoformat(value).timestamp() * 1000
    wanted, value = int(condition["value"]), float(value)
    return {"GT": value > wanted, "GTE": value >= wanted, "LTE": value <= wanted}[
        condition["operator"]
    ]


@contextmanager
def serve() -> Iterator[Hubspot]:
    """Run it until the block ends."""
    hubspot = Hubspot()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hubspot.asked.append(body)
            self.reply("/crm/v3/objects/contacts/search", lambda _: hubspot.search(body))

        def do_GET(self) -> None:
            self.reply("/crm/v3/objects/contacts", hubspot.listed)

        def reply(self, path: str, answer: Any) -> None:
            uri = urlsplit(self.path)
            status, headers, body = 200, dict[str, str](), dict[str, Any]()
            if uri.path == "/campaigns":
                body = {"pages": hubspot.pages}
            elif self.headers["Authorization"] != f"Bearer {TOKEN}":
                status = 401
            elif uri.path != path:
                status = 404
            elif hubspot.trouble:
                status, headers = hubspot.trouble.pop(0)
            else:
                body = answer(parse_qs(uri.query))
            hubspot.calls.append((self.command, status))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: Any) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hubspot.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield hubspot
        server.shutdown()
        thread.join()
