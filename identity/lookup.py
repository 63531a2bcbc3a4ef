"""Finding a person by what is known of them: an id, a former id, or any identifier."""

import duckdb

from identity import state
from identity.errors import PersonNotFound
from identity.normalise import ID_TYPES, normalise

_SHORT = {
    "salesforce": ("salesforce_contact_id", "salesforce_lead_id"),
    "hubspot": ("hubspot_contact_id",),
    "marketo": ("marketo_lead_id",),
    "loyalty": ("loyalty_id",),
    "user": ("user_id",),
    "anonymous": ("anonymous_id",),
}
_SALESFORCE_SHORT_ID = 15
_RESOLVED = """
select 1 from information_schema.tables
where table_schema = 'identity' and table_name = 'identifiers'
"""


def person_id(con: duckdb.DuckDBPyConnection, asked: str) -> str:
    """The person that `asked` names today: p_…, a former id, TYPE:VALUE, or a bare value.

    TYPE is a type of identifier, or short: salesforce, hubspot, marketo, loyalty, user, anonymous.
    Raises PersonNotFound, which never repeats the value.
    """
    require_resolved(con)
    if asked.startswith("p_"):
        return _known(con, asked)
    types, value = parse(asked)
    found = _holders(con, types, value)
    if len(found) == 1:
        return found[0]
    kind = " or ".join(types) if len(types) < len(ID_TYPES) - 1 else "identifier"
    if found:
        raise PersonNotFound(
            f"expected one person, got {len(found)} under that value; "
            "give TYPE:VALUE, such as email:someone@example.com"
        )
    reason = _left_out(con, types, value)
    if reason:
        raise PersonNotFound(f"that {kind} belongs to no single person: {reason}")
    raise PersonNotFound(f"nobody is known under that {kind}; check its spelling, or run the job")


def require_resolved(con: duckdb.DuckDBPyConnection) -> None:
    """Raise PersonNotFound where no run has resolved people yet."""
    if not con.execute(_RESOLVED).fetchone():
        raise PersonNotFound("expected resolved people, found none yet; run `onefold run`")


def _known(con: duckdb.DuckDBPyConnection, asked: str) -> str:
    today = state.canonical(con, asked)
    row = con.execute("select status from state.people where person_id = ?", [today]).fetchone()
    if row is None:
        raise PersonNotFound(f"no person {asked}; ids look like p_ and 16 hex digits")
    if row[0] != "live":
        raise PersonNotFound(f"person {today} has no records left")
    return today


def parse(asked: str) -> tuple[tuple[str, ...], str]:
    """The types of identifier that `asked` may be, and its value."""
    head, colon, rest = asked.partition(":")
    kinds = tuple(kind for kind in ID_TYPES if kind != "domain")
    if colon and head in kinds:
        return (head,), rest.strip()
    if colon and head in _SHORT:
        return _SHORT[head], rest.strip()
    return (("email",) if "@" in asked else kinds), asked.strip()


def spellings(types: tuple[str, ...], value: str) -> list[str]:
    """The value as written and in the normal forms of its types."""
    normal = [normalise(kind, value) for kind in types if kind in ("email", "phone")]
    return [value, *(text for text in normal if text)]


def _holders(con: duckdb.DuckDBPyConnection, types: tuple[str, ...], value: str) -> list[str]:
    rows = con.execute(
        """
        select distinct person_id from identity.identifiers
        where id_type in (select unnest(?)) and (
            id_value in (select unnest(?))
            or (id_type like 'salesforce%' and length(?) = ? and left(id_value, 15) = ?)
        )
        order by person_id
        """,
        [list(types), spellings(types, value), value, _SALESFORCE_SHORT_ID, value],
    ).fetchall()
    return [person for (person,) in rows]


def _left_out(con: duckdb.DuckDBPyConnection, types: tuple[str, ...], value: str) -> str | None:
    row = con.execute(
        """
        select treatment || ', ' || reason from identity.shared_identifiers
        where id_type in (select unnest(?)) and id_value in (select unnest(?))
        order by all limit 1
        """,
        [list(types), spellings(types, value)],
    ).fetchone()
    return str(row[0]) if row else None
