"""Guards: whether a plan may go out, decided from its counts alone."""

from dataclasses import dataclass

from activation.config import Guards


@dataclass(frozen=True)
class Counts:
    """Records of one plan. `held` is what the destination holds, or may hold, before it."""

    candidates: int
    allowed: int
    held: int
    adds: int
    changes: int
    removes: int
    skips: int
    is_first: bool


def breaches(counts: Counts, guards: Guards) -> list[str]:
    """One sentence per limit that the plan breaks; empty when it may go out."""
    checks = (_empty_model, _first_run, _removes, _adds)
    return [message for check in checks if (message := check(counts, guards))]


def _empty_model(counts: Counts, guards: Guards) -> str:
    if guards.empty_model == "allow" or counts.allowed or not counts.held:
        return ""
    return (
        f"expected at least one allowed record, got none of {counts.candidates} candidates "
        f"while the destination holds {counts.held}"
    )


def _first_run(counts: Counts, guards: Guards) -> str:
    if guards.first_run == "allow" or not counts.is_first or not counts.adds:
        return ""
    return f"first run: {counts.adds} records would be added, and this sync asks for an approval"


def _removes(counts: Counts, guards: Guards) -> str:
    return _share("removes", counts.removes, counts.held, guards.max_remove_share, guards)


def _adds(counts: Counts, guards: Guards) -> str:
    return _share("adds", counts.adds, counts.held, guards.max_add_share, guards)


def _share(what: str, number: int, held: int, limit: float, guards: Guards) -> str:
    if not held or number <= guards.min_records or number <= limit * held:
        return ""
    return (
        f"expected {what} ≤ {limit:.0%} of the {held} records held, "
        f"got {number} ({number / held:.0%})"
    )
