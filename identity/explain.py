"""Why two records are one person: record, value, record, with rule and source row of each step."""

from collections import defaultdict, deque
from typing import Any

import duckdb

from identity import as_of
from identity.lookup import person_id
from identity.resolve import OVERRIDE
from identity.similar import CURRENT, SIMILAR
from warehouse.connection import fetch_rows

Link = dict[str, Any]

_COLUMNS = """
    links.record_index, links.source, links.record_type, links.record_id,
    links.id_type, links.id_value, links.scope, links.rule, links.rule_version, links.priority,
    links.confidence, links.observed_at, links._file, links._line
"""

_THEN = f"""
select {_COLUMNS} from links_as_of as links
inner join people_as_of as people using (record_index)
where people.person_id = $person and links.is_linking
order by priority, record_index
"""

# What joined two records other than an identifier stands as a value that both have.
_TODAY = f"""
select {_COLUMNS} from identity.int_identity__links as links
inner join identity.int_identity__record_people as people using (record_index)
where people.person_id = $person and links.is_linking
union all
select
    people.record_index, people.source, people.record_type, people.record_id,
    'override', overrides.override_number::varchar, '', 'merged by hand', null, {OVERRIDE},
    1.00, overrides.made_at, 'override by ' || overrides.made_by, overrides.override_number
from state.identity_overrides as overrides
inner join state.identity_override_records using (override_number)
inner join identity.int_identity__record_people as people using (source, record_type, record_id)
where people.person_id = $person and overrides.action = 'merge' and overrides.undone_at is null
union all
select
    people.record_index, people.source, people.record_type, people.record_id,
    'similar', hash(pairs.record_hash, pairs.other_hash)::varchar, '', 'looks alike', null,
    {SIMILAR}, pairs.probability::decimal(4, 2), null, pairs.model_version, null
from ({CURRENT}) as pairs
inner join state.person_records as mine on pairs.record_hash = mine.record_hash
inner join state.person_records as theirs on pairs.other_hash = theirs.record_hash
inner join identity.int_identity__record_people as people
    on people.person_id = mine.person_id
    and (people.source, people.record_type, people.record_id) in (
        (mine.source, mine.record_type, mine.record_id),
        (theirs.source, theirs.record_type, theirs.record_id))
where mine.person_id = $person and theirs.person_id = $person
order by priority, record_index
"""


def explain(
    con: duckdb.DuckDBPyConnection, a: str, b: str | None = None, as_of_run: str | None = None
) -> dict[str, Any]:
    """How `a` and `b` are connected, or how every record of `a` hangs together.

    `as_of_run`: the number or id of a run, to explain what it had decided rather than today's.

    Gives {"person_id", "same_person", "steps"}; a step is one link between a record and a value,
    and `is_weakest` marks the least believed links of a path. Raises PersonNotFound, and
    IdentityError if no such run decided anything.
    """
    if as_of_run is not None:
        as_of.view(con, as_of_run)
    find = person_id if as_of_run is None else as_of.person
    person = find(con, a)
    links = _links(con, person, _TODAY if as_of_run is None else _THEN)
    if b is None:
        return {"person_id": person, "same_person": True, "steps": links}
    other = find(con, b)
    if other != person:
        return {
            "person_id": person,
            "other_person_id": other,
            "same_person": False,
            "steps": [],
        }
    starts, ends = _records(links, a), _records(links, b)
    steps = path(links, starts, ends) or _own(links, starts & ends, (a, b))
    return {"person_id": person, "same_person": True, "steps": steps}


def path(links: list[Link], starts: set[int], ends: set[int]) -> list[Link]:
    """The strongest path: of all paths the one whose weakest link is most believed, then shortest.

    `links`: the links of one person with record_index, id_type, id_value, scope and priority.
    """
    for level in sorted({link["priority"] for link in links}):
        found = _walk([link for link in links if link["priority"] <= level], starts, ends)
        if found is not None:
            return _marked(found)
    return []


def _own(links: list[Link], records: set[int], asked: tuple[str, str]) -> list[Link]:
    """Where one record carries what both ends asked for: its links to that, or else all it has."""
    held = [link for link in links if link["record_index"] in records]
    values = {_asked_value(end) for end in asked}
    return _marked([link for link in held if link["id_value"].lower() in values] or held)


def _marked(found: list[Link]) -> list[Link]:
    weakest = max((link["priority"] for link in found), default=0)
    return [{**link, "is_weakest": link["priority"] == weakest} for link in found]


def _walk(links: list[Link], starts: set[int], ends: set[int]) -> list[Link] | None:
    of_record: dict[int, list[Link]] = defaultdict(list)
    of_value: dict[tuple[str, str, str], list[Link]] = defaultdict(list)
    for link in links:
        of_record[link["record_index"]].append(link)
        of_value[_value(link)].append(link)
    came: dict[int, list[Link]] = {record: [] for record in sorted(starts)}
    queue = deque(came)
    while queue:
        record = queue.popleft()
        if record in ends:
            return came[record]
        for link in of_record[record]:
            for next_link in of_value[_value(link)]:
                reached = next_link["record_index"]
                if reached not in came:
                    came[reached] = [*came[record], link, next_link]
                    queue.append(reached)
    return None


def _value(link: Link) -> tuple[str, str, str]:
    return link["id_type"], link["id_value"], link["scope"]


def _records(links: list[Link], asked: str) -> set[int]:
    """The record asked for; else those that carry the value; else every record of the person."""
    value = _asked_value(asked)
    for column in ("record_id", "id_value"):
        found = {link["record_index"] for link in links if link[column].lower() == value}
        if found:
            return found
    return {link["record_index"] for link in links}


def _asked_value(asked: str) -> str:
    return (asked.partition(":")[2] or asked).strip().lower()


def _links(con: duckdb.DuckDBPyConnection, person: str, sql: str) -> list[Link]:
    return fetch_rows(con, sql, {"person": person})
