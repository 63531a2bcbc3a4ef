"""HubSpot: contacts as the CRM objects API gives them, those changed since the last pull.

The token of a private app with the scope crm.objects.contacts.read is the password of the Airflow
connection `onefold_hubspot`.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from ingestion.errors import FetchFailed, InboxError
from ingestion.logins import find_login, variable
from ingestion.sources import find_table, read_tables

CONNECTION = "onefold_hubspot"
_URL = "https://api.hubapi.com"
_CONTACTS = "/crm/v3/objects/contacts"
_PAGE = 100
_SETTLING = timedelta(minutes=1)
"""A change may take a moment to show in searches: what is younger is left to the next pull."""

Page = list[dict[str, Any]]


def source(until: datetime | None = None) -> Any:
    """The dlt source `hubspot`: contacts changed up to `until` (default: a minute ago), and those
    archived. InboxError where there is no token."""
    import dlt
    from dlt.sources.helpers import requests

    api = _Api(requests.Client())
    until = until or datetime.now(UTC) - _SETTLING

    by_change = dlt.sources.incremental("properties.lastmodifieddate", last_value_func=_latest)
    by_archiving = dlt.sources.incremental("archivedAt", last_value_func=_latest)

    def contacts_api(changed: Any = by_change) -> Iterator[Page]:
        yield from api.changed(changed.start_value, until)

    def archived(changed: Any = by_archiving) -> Iterator[Page]:
        yield from api.archived()

    def resources() -> Sequence[Any]:
        return (
            dlt.resource(contacts_api, name="contacts_api", primary_key="id"),
            dlt.resource(archived, name="contacts_api__archived", primary_key="id"),
        )

    return dlt.source(resources, name="hubspot")()


class _Api:
    """The calls; `client` waits and tries again on 429, as the answer asks, and on 5xx."""

    def __init__(self, client: Any) -> None:
        login = find_login(CONNECTION)
        if login is None or not login.password:
            raise InboxError(
                f"hubspot: expected the token of a private app as the password of "
                f"{variable(CONNECTION)}; docs/how_to_pull_from_an_api.md shows how"
            )
        url = login.host or _URL
        self._url = url if "://" in url else f"https://{url}"
        uri = urlsplit(self._url)
        if uri.scheme != "https" and uri.hostname not in ("127.0.0.1", "localhost"):
            raise InboxError(f"connection {CONNECTION}: expected https, got {uri.scheme}")
        self._headers = {"Authorization": f"Bearer {login.password}"}
        self._client = client
        table = find_table(read_tables(), "hubspot", "contacts_api")
        paths = [path for column in table.columns for path in column.path]
        asked = [p.removeprefix("properties.") for p in paths if p.startswith("properties.")]
        self._properties = [*dict.fromkeys([*asked, "lastmodifieddate"])]

    def changed(self, since: str | None, until: datetime) -> Iterator[Page]:
        """Contacts changed from `since` to `until`, by id: a search shows 10,000 at most, so each
        page is a search for the ids after the last one. What changes meanwhile leaves the window
        and is found by the next pull."""
        window = [_filter("lastmodifieddate", "LTE", _milliseconds(until))]
        if since:
            window.append(_filter("lastmodifieddate", "GTE", _milliseconds(_time(since))))
        last = 0
        while True:
            body = {
                "filterGroups": [{"filters": [*window, _filter("hs_object_id", "GT", last)]}],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": self._properties,
                "limit": _PAGE,
            }
            answer = self._call("POST", f"{_CONTACTS}/search", json=body)
            page: Page = answer["results"]
            if not page:
                return
            if int(page[-1]["id"]) <= last:
                raise FetchFailed("expected contacts by rising id, got the same again")
            yield page
            last = int(page[-1]["id"])
            if answer["total"] <= len(page):
                return

    def archived(self) -> Iterator[Page]:
        """Contacts that were deleted and can still be restored."""
        query = {
            "archived": "true",
            "limit": _PAGE,
            "properties": ",".join(self._properties),
        }
        while True:
            answer = self._call("GET", _CONTACTS, params=query)
            yield answer["results"]
            following = answer.get("paging", {}).get("next")
            if not following:
                return
            query["after"] = following["after"]

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        response = self._client.request(
            method, f"{self._url}{path}", headers=self._headers, **options
        )
        answer = response.json()
        if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
            raise FetchFailed(f"expected a list `results` from {path}, got something else")
        found: dict[str, Any] = answer
        return found


def _filter(name: str, operator: str, value: int) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": str(value)}


def _latest(values: Sequence[str]) -> str:
    """Times are compared as times: HubSpot leaves milliseconds of zero out."""
    return max(values, key=_time)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
