"""Holdouts: people whose visits through one channel do not happen in some months, by chance."""

from dataclasses import dataclass

import numpy as np

from simulator.calendar import Bools, Ints, Window, rng
from simulator.people import NONE, People
from simulator.rates import CHANNELS

TESTS: tuple[tuple[str, int], ...] = (("paid_search", 0), ("paid_social", 0), ("email", 1))
"""Channel, and the first month (from 0) of its holdout; from there every second month is one."""

SHARE = 0.30
"""Share of people in the holdout arm."""


@dataclass
class Holdouts:
    """One experiment per channel: one assignment of everyone, used in several months."""

    span: Window
    channel: Ints  # per test
    active: Bools  # shape (tests, months)
    held: Bools  # shape (tests, people): the holdout arm

    def removes(self, person: Ints, start: Ints, channel: Ints) -> Bools:
        """Which visits do not happen, given their people, moments and channels."""
        month = self.month_of(start)
        gone = np.zeros(len(person), dtype=bool)
        for test, number in enumerate(self.channel):
            gone |= (channel == number) & self.active[test, month] & self.held[test, person]
        return gone

    def held_at(self, channel: str, month: int) -> Bools:
        """People who get nothing through a channel in a month of the window, counted from 0."""
        found = np.zeros(self.held.shape[1], dtype=bool)
        for test in np.flatnonzero(self.channel == CHANNELS.index(channel)):
            if self.active[test, month]:
                found |= self.held[test]
        return found

    def month_of(self, start: Ints) -> Ints:
        """Month of the window, from 0."""
        return np.searchsorted(self.span.month_starts, start, side="right") - 1

    def with_arm(self, test: int, held: bool) -> "Holdouts":
        """The same tests, but everyone of one test in the same arm."""
        arms = self.held.copy()
        arms[test] = held
        return Holdouts(self.span, self.channel, self.active, arms)


def assign(
    people: People, span: Window, seed: int, *, share: float = SHARE,
    tests: tuple[tuple[str, int], ...] = TESTS,
) -> Holdouts:  # fmt: skip
    """Draw the arms; people of one company share theirs, since they buy together.

    The draws have a stream of their own: who is held out tells nothing about what people would do.
    """
    gen = rng(seed, "holdouts")
    alone = people.account == NONE
    unit = np.where(alone, np.arange(len(people)), len(people) + people.account)
    draw = gen.random((len(tests), int(unit.max()) + 1))
    months = np.arange(len(span.months))
    return Holdouts(
        span=span,
        channel=np.array([CHANNELS.index(name) for name, _ in tests], dtype=np.int64),
        active=np.array([(months >= first) & ((months - first) % 2 == 0) for _, first in tests]),
        held=draw[:, unit] < share,
    )
