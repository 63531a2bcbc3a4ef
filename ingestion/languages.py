"""Which of its declared languages a CSV file is in, and the declaration read in that language."""

import csv
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from ingestion.sources import Number, Table, Totals

_SAMPLE = 500


def codes(table: Table) -> tuple[str, ...]:
    """The declared languages; one without a name where the export has no languages."""
    return tuple(table.dialect.languages) or ("",)


def mixed(cells: Sequence[str], missing: Sequence[str], language: str, table: Table) -> str:
    """What of a header is another language's name of a column missing in `language`; or empty."""
    found = {
        f"{cell} ({code})"
        for code in codes(table)
        if code != language
        for name in missing
        for cell in cells
        if cell in table.words(code).get(name, ())
    }
    return ", ".join(sorted(found))


def decimal_mark(
    lines: Sequence[bytes], delimiter: str, columns: Sequence[str], language: str, table: Table
) -> str:
    """The decimal mark of the summed numbers in the first lines below the header.

    Of the language's styles the first that fits the most numbers; what does not fit it is refused
    where the sums are compared.
    """
    styles = table.dialect.languages[language].numbers
    if len(styles) == 1:
        return styles[0].decimal
    sums = table.dialect.totals.sums if table.dialect.totals else {}
    places = [i for i, name in enumerate(columns) if name in sums]
    text = [line.decode(errors="replace") for line in lines[:_SAMPLE]]
    values = [
        row[i].strip() for row in _rows(text, delimiter) if len(row) == len(columns) for i in places
    ]
    fits = [sum(bool(re.fullmatch(style.shape, value)) for value in values) for style in styles]
    return styles[fits.index(max(fits))].decimal


def _rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """The lines as rows, up to one that cannot be read; the reader says what is wrong with it."""
    found: list[list[str]] = []
    with suppress(csv.Error):
        found.extend(csv.reader(lines, delimiter=delimiter))
    return found


def in_language(table: Table, captured: Mapping[str, str]) -> Table:
    """The table with the totals labels and the number style of the language a header is in."""
    if "language" not in captured:
        return table
    language = table.dialect.languages[captured["language"]]
    number = next(n for n in language.numbers if n.decimal == captured["decimal_mark"])
    update: dict[str, Number | Totals] = {"number": number}
    if table.dialect.totals:
        update["totals"] = table.dialect.totals.model_copy(
            update={
                "first_cell": language.total,
                "equal": language.equal,
                "at_least": language.at_least,
                "one_equals": not language.equal,
            }
        )
    return table.model_copy(update={"dialect": table.dialect.model_copy(update=update)})


def as_cells(table: Table) -> Table:
    """The table for a spreadsheet: its number cells have a decimal point in every language."""
    languages = {
        code: language.model_copy(update={"numbers": _as_cells(language.numbers)})
        for code, language in table.dialect.languages.items()
    }
    dialect = table.dialect.model_copy(update={"languages": languages})
    return table.model_copy(update={"dialect": dialect})


def _as_cells(numbers: Sequence[Number]) -> tuple[Number, ...]:
    point = next((n.thousands for n in numbers if n.decimal == "."), ())
    return Number(thousands=point), *(n for n in numbers if n.decimal != ".")
