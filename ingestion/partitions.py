"""Which day a file of the landing folder belongs to: the folder of its path that names one.

`hubspot/2026-05-03/contacts.csv`, `hubspot/dt=2026-05-03/…` and `hubspot/date=2026-05-03/…` belong
to 3 May 2026. The source YAML knows no such folders: its patterns see the path without them.
"""

import re
from datetime import date
from typing import NamedTuple

_FOLDER = re.compile(r"(?:(?:dt|date)=)?(\d{4}-\d{2}-\d{2})|(?:dt|date)=.*", re.IGNORECASE)


class Place(NamedTuple):
    """`file` without the folders that name a day; `problem` says why the day cannot be used."""

    file: str
    day: date | None = None
    problem: str = ""


def place(file: str) -> Place:
    """Split `file`, a path relative to the landing folder, into its day and the rest."""
    *folders, name = file.split("/")
    named = [(folder, _FOLDER.fullmatch(folder)) for folder in folders]
    rest = "/".join([*(folder for folder, found in named if not found), name])
    days = {folder: found[1] for folder, found in named if found}
    if len(set(days.values())) > 1:
        return Place(rest, problem=f"its path names several days ({', '.join(days)}): keep one")
    if not days:
        return Place(rest)
    folder, day = next(iter(days.items()))
    try:
        return Place(rest, date.fromisoformat(day or ""))
    except ValueError:
        return Place(
            rest, problem=f"its folder {folder} is no day: expected one such as 2026-05-03"
        )
