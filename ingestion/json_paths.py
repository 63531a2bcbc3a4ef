"""SQL that takes declared paths out of JSON lines."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.errors import DeclarationError
from ingestion.reading import LINE
from ingestion.sources import Column, Table

RAW, REASON = "_raw", "_reason"
_ELEMENT = re.compile(r"^(?P<list>[^\[\]]+)\[(?P<key>\w+)=(?P<wanted>[^\]]+)\]\.(?P<value>.+)$")


def exact(table: Table, lines: str) -> str:
    """SQL: each line of `lines` (`_line`, `raw`) with its values, and why it is no row.

    The reason is null for a row and empty for a blank line. One value after the other is looked up
    in the line, which says precisely what a line is and takes its time.
    """
    pointers = ", ".join(_pointer(path) for path in _plain(table))
    found = {path: f"v[{i}]" for i, path in enumerate(_plain(table), start=1)}
    usable = "case when problem is null then raw::json end"
    columns = ",\n".join(_column(c, found, lambda path: (usable, path)) for c in table.columns)
    return f"""
        with
        judged as (
            select
                {LINE}, raw,
                case
                    when trim(raw, ' \t\r\n') = '' then ''
                    when not json_valid(raw) then 'not valid JSON'
                    when json_type(raw) != 'OBJECT' then 'not a JSON object'
                end as problem,
            from {lines}
        ),
        extracted as (
            select
                {LINE}, raw, problem,
                case
                    when problem is null then json_extract_string(raw, [{pointers}]::varchar[])
                end as v,
            from judged
        ),
        named as (select {LINE}, raw, problem, {columns} from extracted),
        reasoned as (
            select
                * exclude (problem, raw),
                case when problem is not null then problem {_keys(table)} end as {REASON},
                case when {REASON} is not null then rtrim(raw, '\r\n') end as {RAW},
            from named
        )
        select * from reasoned order by {LINE}
    """


def bulk(table: Table) -> str | None:
    """SQL: the same values out of a file of lines, five times as fast, null where in doubt.

    DuckDB's own reader gives one row per line that is not blank; a line that it cannot read is a
    row of nulls. Parameters: path, and longest, the bytes of the longest line. None where two
    declared keys differ by case alone, which that reader cannot tell apart.
    """
    types = _types(table)
    tree: dict[str, Any] = {}
    for path, kind in types.items():
        node, steps = tree, path.split(".")
        for step in steps[:-1]:
            node = node.setdefault(step, {})
        node[steps[-1]] = kind
    if _collides(tree):
        return None
    found = {path: _placed(path, types) for path in _plain(table)}
    columns = ",\n".join(_column(c, found, lambda p: _anchored(p, types)) for c in table.columns)
    listed = ", ".join(f"{_name(key)}: {_text(_type(node))}" for key, node in tree.items())
    return f"""
        select {columns}
        from read_json(
            $path, columns = {{{listed}}}, format = 'newline_delimited', ignore_errors = true,
            maximum_object_size = $longest, records = 'true'
        ) as r
    """


def keys(table: Table, lines: str) -> tuple[str, tuple[str, ...], set[str]]:
    """SQL for the distinct shapes of lines, the levels it lists the keys of, and what is known."""
    paths = _reached(table)
    known = {".".join(p.split(".")[: i + 1]) for p in paths for i in range(p.count(".") + 1)}
    levels = ("", *sorted(known - set(paths)))
    pointers = ", ".join(_pointer(level) for level in levels)
    valid = f"select raw from {lines} where json_valid(raw)"
    return f"select distinct json_keys(raw, [{pointers}]) from ({valid})", levels, known


def _keys(table: Table) -> str:
    return "\n".join(
        f"when coalesce(trim({_name(key)}, ' \t\r\n'), '') = '' "
        f"then {_text(f'the key {key} is missing')}"
        for key in table.key
    )


def _plain(table: Table) -> list[str]:
    """Paths without an element search."""
    paths = (path for c in table.columns for path in c.path if not _ELEMENT.match(path))
    return list(dict.fromkeys(paths))


def _reached(table: Table) -> list[str]:
    """Every path, an element search as the path of its list."""
    paths = (re.sub(r"\[.*", "", path) for c in table.columns for path in c.path)
    return list(dict.fromkeys(paths))


def _column(column: Column, plain: Mapping[str, str], json: Any) -> str:
    """SQL for a column: the first of its paths that has a value."""
    paths = [plain.get(path) or _element(path, json) for path in column.path]
    value = f"coalesce({', '.join(paths)})" if len(paths) > 1 else paths[0]
    return f"{value} as {_name(column.name)}"


def _element(path: str, json: Any) -> str:
    """SQL for `list[key=wanted].value`: the first element that matches."""
    parts = _ELEMENT.match(path)
    if parts is None:
        raise DeclarationError(f"expected a dotted path or list[key=wanted].value, got {path!r}")
    value, inner = json(parts["list"])
    found = f"json_extract({value}, {_pointer(inner)})" if inner else value
    wanted = f"json_extract_string(item, {_pointer(parts['key'])}) = {_text(parts['wanted'])}"
    first = f"list_filter(try_cast({found} as json[]), lambda item: {wanted})[1]"
    return f"json_extract_string({first}, {_pointer(parts['value'])})"


def _types(table: Table) -> dict[str, str]:
    """What is read, by path: text, or JSON where more is looked up in it."""
    reached = _reached(table)
    searched = {m["list"] for c in table.columns for m in map(_ELEMENT.match, c.path) if m}
    json = {p for p in reached if p in searched or any(q.startswith(f"{p}.") for q in reached)}
    outermost = (next((j for j in _prefixes(p) if j in json), p) for p in reached)
    return {path: "JSON" if path in json else "VARCHAR" for path in outermost}


def _prefixes(path: str) -> Iterator[str]:
    steps = path.split(".")
    return (".".join(steps[:i]) for i in range(1, len(steps) + 1))


def _anchored(path: str, types: Mapping[str, str]) -> tuple[str, str]:
    """SQL for the outermost value that is read on the way, and the rest of the path."""
    anchor = next(prefix for prefix in _prefixes(path) if prefix in types)
    return ".".join(["r", *map(_name, anchor.split("."))]), path[len(anchor) + 1 :]


def _placed(path: str, types: Mapping[str, str]) -> str:
    value, rest = _anchored(path, types)
    return (
        value if types.get(path) == "VARCHAR" else f"json_extract_string({value}, {_pointer(rest)})"
    )


def _type(node: Any) -> str:
    if isinstance(node, str):
        return node
    return f"STRUCT({', '.join(f'{_name(key)} {_type(inner)}' for key, inner in node.items())})"


def _collides(tree: Mapping[str, Any]) -> bool:
    folded = {key.casefold() for key in tree}
    inner = (node for node in tree.values() if isinstance(node, dict))
    return len(folded) < len(tree) or any(map(_collides, inner))


def _pointer(path: str) -> str:
    return _text("$" + "".join(f'."{step}"' for step in path.split(".") if step))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
