"""Companies and the people who work there: who they are, how they can be reached, who shares."""

from dataclasses import dataclass

import numpy as np

from simulator import names
from simulator.calendar import Bools, Floats, Ints, Window, busy_times, countries, rng
from simulator.rates import Rates

NONE = -1


@dataclass
class Accounts:
    """One entry per company (arrays of equal length)."""

    word: Ints  # position in the grid of company names
    country: Ints
    industry: Ints
    employees: Ints
    revenue: Ints
    owner: Ints
    created: Ints
    parent: Ints  # NONE without a parent
    in_crm: Bools

    def __len__(self) -> int:
        return len(self.word)


@dataclass
class People:
    """One entry per person (arrays of equal length)."""

    country: Ints
    first: Ints
    last: Ints
    account: Ints  # NONE for those who use only a personal address
    new_account: Ints  # NONE unless the job changed in the window
    changed_at: Ints
    title: Ints
    year: Ints  # two digits for personal addresses
    provider: Ints
    has_personal: Bools
    has_phone: Bools
    phone: Ints  # serial within the country
    has_loyalty: Bools
    devices: Ints  # own devices, 1 to 3
    inbox: Ints  # serial of the shared inbox, NONE
    inbox_is_family: Bools
    device_host: Ints  # the person whose first device this one also uses, NONE
    activity: Floats  # mean 1, skewed
    phone_style: Ints

    def __len__(self) -> int:
        return len(self.country)

    def current_account(self) -> Ints:
        """The company at the end of the window."""
        return np.where(self.new_account == NONE, self.account, self.new_account)


def build_accounts(people: int, span: Window, rates: Rates, seed: int) -> Accounts:
    """Companies in proportion to people; a handful of big ones, many small."""
    gen = rng(seed, "accounts")
    count = max(12, round(people * rates.accounts_per_person))
    grid = len(names.split(names.COMPANY_FIRST)) * len(names.split(names.COMPANY_SECOND))
    word = gen.permutation(max(count, grid))[:count].astype(np.int64)
    employees = np.exp(gen.normal(4.6, 1.4, count)).astype(np.int64).clip(2, 60_000)
    parent = np.where(gen.random(count) < 0.05, gen.integers(0, count, count), NONE)
    parent = np.where(parent >= np.arange(count), NONE, parent)
    return Accounts(
        word=word,
        country=countries(gen, count),
        industry=gen.integers(0, len(names.split(names.INDUSTRIES)), count),
        employees=employees,
        revenue=(employees * np.exp(gen.normal(11.6, 0.4, count)) / 1000).astype(np.int64) * 1000,
        owner=gen.integers(0, 12, count),
        created=span.start
        - gen.integers(1, 900, count) * 86_400_000
        + gen.integers(0, 86_400_000, count),
        parent=parent,
        in_crm=gen.random(count) < 0.6,
    )


def build_people(count: int, accounts: Accounts, span: Window, rates: Rates, seed: int) -> People:
    """`count` people: employers by size, names by country, and the sharing groups."""
    gen = rng(seed, "people")
    size = names.zipf_weights(len(accounts), 3, 0.8)[gen.permutation(len(accounts))]
    employed = gen.random(count) < rates.employed
    employer = np.searchsorted(np.cumsum(size), gen.random(count)).clip(0, len(accounts) - 1)
    account = np.where(employed, employer, NONE)
    country = np.where(employed, accounts.country[employer], countries(gen, count))
    change = employed & (gen.random(count) < rates.job_change_per_year * span.years)
    moved_to = np.searchsorted(np.cumsum(size), gen.random(count)).clip(0, len(accounts) - 1)
    change &= moved_to != employer
    first = np.searchsorted(np.cumsum(names.zipf_weights(40, 4, 0.7)), gen.random(count))
    last = np.searchsorted(np.cumsum(names.zipf_weights(60, 4, 0.7)), gen.random(count))
    third, second = rates.third_device, rates.second_device
    draw = gen.random(count)
    activity = np.exp(gen.normal(0.0, 1.0, count))
    people = People(
        country=country,
        first=first.clip(0, 39),
        last=last.clip(0, 59),
        account=account,
        new_account=np.where(change, moved_to, NONE),
        changed_at=busy_times(gen, count, span, country),
        title=gen.integers(0, len(names.split(names.TITLES)), count),
        year=gen.integers(1, 1000, count),
        provider=gen.choice(5, count, p=[0.42, 0.20, 0.16, 0.12, 0.10]),
        has_personal=~employed | (gen.random(count) < rates.personal_email),
        has_phone=gen.random(count) < rates.phone,
        phone=_serials(country),
        has_loyalty=gen.random(count) < rates.loyalty_id,
        devices=1 + (draw < second + third).astype(np.int64) + (draw < third),
        inbox=np.full(count, NONE, dtype=np.int64),
        inbox_is_family=np.zeros(count, dtype=bool),
        device_host=np.full(count, NONE, dtype=np.int64),
        activity=activity / activity.mean(),
        phone_style=gen.integers(0, 4, count),
    )
    _share(people, rates, seed)
    return people


def _serials(country: Ints) -> Ints:
    """0, 1, 2 … within each country, so that no two people get one phone number by accident."""
    serial = np.zeros(len(country), dtype=np.int64)
    for number in range(len(names.COUNTRIES)):
        mine = np.flatnonzero(country == number)
        serial[mine] = np.arange(len(mine))
    return serial


def _share(people: People, rates: Rates, seed: int) -> None:
    """Give groups of two or three a mailbox, and pairs one device; changes `people` in place."""
    gen = rng(seed, "sharing")
    count = len(people)
    single = np.flatnonzero(people.account == NONE)
    families = _groups(
        gen, single, people.country[single], 3, round(count * rates.shared_inbox / 6)
    )
    staff = np.flatnonzero((people.account != NONE) & (people.new_account == NONE))
    teams = _groups(gen, staff, people.account[staff], 3, round(count * rates.shared_inbox / 6))
    for serial, group in enumerate(families):
        people.last[group] = people.last[group[0]]
        people.inbox_is_family[group] = True
        people.inbox[group] = serial
        people.has_personal[group] = True
    for serial, group in enumerate(teams):
        people.inbox[group] = len(families) + serial
    pairs = round(count * rates.shared_device / 2)
    at_home = families[: pairs // 4]
    for group in at_home:
        people.device_host[group[1]] = group[0]
    at_work = _groups(gen, staff, people.account[staff], 2, pairs - len(at_home))
    people.device_host[at_work[:, 1]] = at_work[:, 0]


def _groups(gen: "np.random.Generator", members: Ints, key: Ints, size: int, count: int) -> Ints:
    """`count` disjoint groups of `size` members with equal keys, shape (groups, size)."""
    order = np.lexsort((gen.random(len(members)), key))
    usable = len(order) // size * size
    blocks = members[order][:usable].reshape(-1, size)
    keys = key[order][:usable].reshape(-1, size)
    blocks = blocks[(keys == keys[:, :1]).all(axis=1)]
    return np.asarray(blocks[gen.permutation(len(blocks))[:count]])
