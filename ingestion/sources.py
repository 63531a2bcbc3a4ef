"""What the source YAML files declare: the only place that knows an export's format.

Read from `dbt_project/models/staging/<source>/_<source>__sources.yml`, the file that dbt reads too.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ingestion.errors import DeclarationError
from ingestion.limits import Freshness
from ingestion.partitions import place
from warehouse.settings import settings

# The C loader is ten times as fast, and these files are read at every run.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_PACKED = re.compile(r"\.(gz|gzip|zip)$")
_BINARY = re.compile(r"\.(xlsx|parquet)$")
_ENDINGS = {"csv": (".csv", ".tsv"), "jsonl": (".jsonl", ".json")}

Purpose = Literal["identity", "analytics", "email_marketing", "advertising", "compliance"]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Number(_Declared):
    """How the vendor writes numbers."""

    thousands: tuple[str, ...] = ()
    """Characters that may stand between groups of three digits."""
    decimal: str = "."
    places: int = 18
    """The most decimal places that are written."""

    @field_validator("thousands", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return tuple(v for v in _listed(value) if v)

    @property
    def shape(self) -> str:
        """Regular expression of a whole number, the same for Python and DuckDB."""
        between = "".join(re.escape(c) for c in self.thousands)
        whole = rf"(?:\d{{1,3}}(?:[{between}]\d{{3}})+|\d+)" if between else r"\d+"
        return rf"-?{whole}(?:{re.escape(self.decimal)}\d{{1,{self.places}}})?"


class Totals(_Declared):
    """How the vendor's own totals rows are recognised, and what they must agree with.

    A label that neither `equal` nor `at_least` names is a part's; it is compared only where both
    are empty.
    """

    first_cell: str = ""
    """Regular expression of the row's label, which stands in its first cell."""
    label_in: tuple[str, ...] = ()
    """Declared columns in which the label may stand instead."""
    blank: tuple[str, ...] = ()
    """Declared columns that are empty in a totals row and never in another one."""
    equal: tuple[str, ...] = ()
    """First cells of the totals that must be there and equal the sum of the rows."""
    at_least: tuple[str, ...] = ()
    """First cells of the totals that may also count rows a filter left out."""
    one_equals: bool = False
    """No label is sure to be that of the rows' own total: any one must equal their sum."""
    sums: dict[str, float] = Field(default_factory=dict)
    """Summed column -> rounding the vendor makes per row, 0 when sums are exact."""


class Language(_Declared):
    """How the same export reads in one language of the vendor's interface."""

    headers: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Declared column -> its names; without any, the declared names and aliases."""
    numbers: tuple[Number, ...] = (Number(),)
    """Ways to write numbers: the interface's number format is a setting of its own."""
    total: str = ""
    """Regular expression of a totals row's label, and the labels as in `totals`."""
    equal: tuple[str, ...] = ()
    at_least: tuple[str, ...] = ()

    @field_validator("numbers")
    @classmethod
    def _told_apart(cls, value: tuple[Number, ...]) -> tuple[Number, ...]:
        if len({number.decimal for number in value}) != len(value) or not value:
            raise ValueError("numbers: each way to write them needs another decimal mark")
        return value

    @field_validator("headers", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return {k: _listed(v) for k, v in value.items()} if isinstance(value, dict) else value


class Dialect(_Declared):
    """How the bytes of an export become records."""

    format: Literal["csv", "jsonl"]
    encodings: tuple[str, ...] = ("utf-8",)
    delimiters: tuple[str, ...] = (",",)
    header_within: int = 1
    """The header is the first of so many lines that holds every required column."""
    capture: dict[str, str] = Field(default_factory=dict)
    """Name -> regular expression with a group of that name, tried on the lines above the header."""
    footer: tuple[str, ...] = ()
    """Regular expressions for whole lines after the rows that are not data."""
    ends_at: str = ""
    """Regular expression of the line that ends the rows: from it on nothing is data."""
    trailing_delimiter: bool = False
    """The rows may end with a delimiter that the header does not have."""
    totals: Totals | None = None
    number: Number = Number()
    nulls: tuple[str, ...] = ("",)
    languages: dict[str, Language] = Field(default_factory=dict)
    """Code of a language -> what differs in it. The header decides which one a file is in, and is
    captured as `language`, with the `decimal_mark` of its numbers."""

    @field_validator("delimiters")
    @classmethod
    def _one_byte(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(d.encode()) != 1 or d in '"\r\n' for d in value):
            raise ValueError("a delimiter is one ASCII character, not a quote or a line end")
        return value


NORMALISED = ("email", "phone", "domain")
"""Types of identifier whose normal form is more than the trimmed text."""


class Column(_Declared):
    """One column that is loaded. Undeclared columns are not."""

    name: str
    description: str
    pii: Literal["direct", "pseudonymous", "none"]
    purposes: tuple[Purpose, ...]
    optional: bool = False
    aliases: tuple[str, ...] = ()
    alias_patterns: tuple[str, ...] = ()
    """Regular expressions of whole header cells that are this column, such as `Amount spent (EUR)`.

    What their named groups match is captured, as from the lines above the header.
    """
    from_header: str = ""
    """No cell of the header: every row holds what was captured under this name."""
    path: tuple[str, ...] = ()
    identifier: str = ""
    separator: str = ""
    region_from: str = ""

    @field_validator("alias_patterns")
    @classmethod
    def _compiles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return value

    @field_validator("path", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return _listed(value)

    @property
    def captures(self) -> tuple[str, ...]:
        """Names of the groups in `alias_patterns`."""
        return tuple(name for p in self.alias_patterns for name in re.compile(p).groupindex)

    @property
    def normal(self) -> str:
        """Name of the column that holds the normal form; empty where there is none beside the text.

        Ids and cookies are their own normal form, but for blanks around them.
        """
        return f"_normal_{self.name}" if self.identifier in NORMALISED else ""


class Table(_Declared):
    """One table of a source and the files that fill it."""

    source: str
    name: str
    order: int
    description: str
    file_pattern: tuple[str, ...] = Field(min_length=1)
    dialect: Dialect
    load: Literal["snapshot", "append", "upsert"]
    key: tuple[str, ...] = Field(min_length=1)
    event_column: str
    event_formats: tuple[str, ...] = ()
    """How `event_column` is written (strptime) where it is neither ISO nor an epoch."""
    freshness: Freshness = Freshness()
    """The source's own: one for all its tables."""
    file_date: str = ""
    """Regular expression for the file's name, whose group `date` is the day the file speaks of."""
    time_zone: str = ""
    currency_column: str = ""
    columns: tuple[Column, ...] = Field(min_length=1)

    @field_validator("file_date")
    @classmethod
    def _names_a_date(cls, value: str) -> str:
        try:
            named = "date" in re.compile(value).groupindex
        except re.error as error:
            raise ValueError(f"{value!r} is no regular expression: {error}") from None
        if value and not named:
            raise ValueError(f"expected a group (?P<date>…) in {value!r}")
        return value

    @model_validator(mode="after")
    def _names_exist(self) -> "Table":
        names = [c.name for c in self.columns]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"declared twice: {', '.join(twice)}")
        totals = self.dialect.totals or Totals()
        used = [*self.key, self.event_column, self.currency_column]
        used += [*totals.blank, *totals.sums, *totals.label_in]
        used += [c.region_from for c in self.columns]
        unknown = sorted({n for n in used if n and n not in names})
        if unknown:
            raise ValueError(f"named in config.meta but not declared as columns: {unknown}")
        self._check_languages(names)
        captured = {*self.dialect.capture, *(name for c in self.columns for name in c.captures)}
        captured |= {"language", "decimal_mark"} if self.dialect.languages else set()
        never = sorted({c.from_header for c in self.columns} - captured - {""})
        if never:
            raise ValueError(f"named in from_header but never captured: {', '.join(never)}")
        pathless = [c.name for c in self.columns if not c.path]
        if self.dialect.format == "jsonl" and pathless:
            raise ValueError(f"columns of JSON lines need config.meta.path: {pathless}")
        return self

    def _check_languages(self, names: Sequence[str]) -> None:
        for code, language in self.dialect.languages.items():
            unknown = sorted(set(language.headers) - set(names))
            silent = sorted(set(self.required) - set(language.headers)) if language.headers else []
            if unknown or silent:
                raise ValueError(
                    f"language {code}: its headers must name each required column and no other "
                    f"(missing: {silent}, not declared: {unknown})"
                )
        for one, other in combinations(self.dialect.languages, 2):
            words, others = self.words(one), self.words(other)
            if all(set(words[name]) & set(others[name]) for name in self.required):
                raise ValueError(f"languages {one} and {other} cannot be told apart")

    def words(self, language: str = "") -> dict[str, tuple[str, ...]]:
        """Names of each column in a header of that language, the first one the usual one."""
        headers = self.dialect.languages[language].headers if language else {}
        own = {c.name: (c.name, *c.aliases) for c in self.columns if not c.from_header}
        return {name: headers.get(name, ()) for name in own} if headers else own

    @property
    def full_name(self) -> str:
        """`<source>.<table>`, as people say it."""
        return f"{self.source}.{self.name}"

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns without which no line is the header."""
        return tuple(c.name for c in self.columns if not c.optional and not c.from_header)

    def matches(self, file: str) -> bool:
        """Does `file`, a path relative to the landing folder, belong here?"""
        return self.depth(file) >= 0

    def depth(self, file: str) -> int:
        """Folders that the pattern taking `file` names; -1 if no pattern takes it.

        Case is ignored, and so is that it is packed, or a spreadsheet or Parquet file instead.
        """
        name = _PACKED.sub("", file.lower())
        names = [name]
        if name != file.lower() or _BINARY.search(name):
            names += [_BINARY.sub("", name) + ending for ending in _ENDINGS[self.dialect.format]]
        taking = (p for p in self.file_pattern for n in names if fnmatchcase(n, p.lower()))
        return max((p.count("/") for p in taking), default=-1)


class Match(NamedTuple):
    """Where a file belongs; without a table, why not."""

    table: Table | None
    problem: str


def read_tables(folder: Path | None = None) -> tuple[Table, ...]:
    """Every declared table, in landing order (source order, then place in the file).

    Raises DeclarationError naming file, table and key where a declaration cannot be used.
    """
    folder = folder or settings().dbt_project / "models" / "staging"
    files = sorted(folder.glob("*/_*__sources.yml"))
    if not files:
        raise DeclarationError(f"expected _<source>__sources.yml files under {folder}, found none")
    tables = [table for file in files for table in _read_file(file)]
    return tuple(sorted(tables, key=lambda t: (t.order, t.source)))


def find_table(tables: Sequence[Table], source: str, name: str) -> Table:
    """The table called `<source>.<name>`; DeclarationError lists what there is."""
    for table in tables:
        if (table.source, table.name) == (source, name):
            return table
    known = ", ".join(t.full_name for t in tables)
    raise DeclarationError(f"expected one of {known}; got {source}.{name}")


def match_file(tables: Sequence[Table], file: str) -> Match:
    """Find the one table whose pattern takes `file` (relative to the landing folder).

    A pattern that names more folders goes first: `ads/api/*.csv` before `ads/*.csv`. Folders that
    name a day are left out of the path.
    """
    file, _, problem = place(file)
    if problem:
        return Match(None, problem)
    found = [t for t in tables if t.matches(file)]
    deepest = max((t.depth(file) for t in found), default=0)
    found = [t for t in found if t.depth(file) == deepest]
    if len(found) == 1:
        return Match(found[0], "")
    if found:
        names = ", ".join(t.full_name for t in found)
        return Match(None, f"the patterns of several tables take it ({names}): narrow one of them")
    patterns = {p.lower(): t for t in tables for p in t.file_pattern}
    folder = file.split("/", maxsplit=1)[0].lower()
    near = [p for p in patterns if p.split("/")[0] == folder]
    near = get_close_matches(file.lower(), near or list(patterns), n=1, cutoff=0.0)
    hint = f"; the nearest is {patterns[near[0]].full_name} ({near[0]})" if near else ""
    return Match(None, f"unrecognised: no table declares a pattern for it{hint}")


def _read_file(file: Path) -> list[Table]:
    try:
        document = yaml.load(file.read_text("utf-8"), Loader=_LOADER)
        sources = document["sources"]
    except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise DeclarationError(f"{file}: expected YAML with a list `sources`: {error}") from error
    return [_table(file, source, table) for source in sources for table in source["tables"]]


def _table(file: Path, source: dict[str, Any], table: dict[str, Any]) -> Table:
    name = source["name"]
    if source.get("schema") != f"raw_{name}":
        raise DeclarationError(f"{file}: expected schema raw_{name}, got {source.get('schema')!r}")
    shared = source.get("config", {}).get("meta", {})
    if "freshness" in table.get("config", {}):
        raise DeclarationError(
            f"{file}: table {table['name']}: expected freshness in the config of the source, which "
            "is judged as a whole, got one for the table; move it there"
        )
    meta = {"time_zone": shared.get("time_zone", "")} | table.get("config", {}).get("meta", {})
    columns: list[dict[str, Any]] = [
        {"name": c.get("name"), "description": c.get("description")}
        | c.get("config", {}).get("meta", {})
        for c in table.get("columns", [])
    ]
    try:
        return Table.model_validate(
            {
                "source": name,
                "name": table["name"],
                "order": shared.get("landing_order", 100),
                "freshness": source.get("config", {}).get("freshness") or {},
                "description": table.get("description", ""),
                "columns": columns,
            }
            | meta
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = [str(part) for part in first["loc"]]
        if where[:1] == ["columns"] and len(where) > 1:
            where[:2] = [f"column {columns[int(where[1])]['name']}"]
        got = "" if isinstance(first["input"], dict) else f" (got {first['input']!r})"
        raise DeclarationError(
            f"{file}: table {table['name']}: {', '.join([*where, first['msg']])}{got}"
        ) from None


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value
