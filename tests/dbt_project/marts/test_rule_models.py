"""The eight rule models against a plain loop, published examples and the edges of the window."""

import json
import random
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

SEED = 20260630
START = datetime(2025, 9, 1, 8)
DAY = timedelta(days=1)
WINDOW = {"lead_created": 90 * DAY, "opportunity_created": 180 * DAY, "closed_won": 365 * DAY}
EXAMPLES = json.loads((Path(__file__).parent / "worked_examples.json").read_text())
LANDINGS: dict[str, dict[str, Any]] = {
    "direct": {},
    "organic_search": {"referrer_host": "www.google.de"},
    "referral": {"referrer_host": "blog.example"},
    "email": {"utm_source": "hubspot", "utm_medium": "E-Mail"},
    "organic_social": {"referrer_host": "linkedin.com"},
    "paid_social": {"utm_source": "fb", "utm_medium": "paid-social"},
    "paid_search": {"gclid": "x"},
}
PRIORITY = {"paid_social": 2, "paid_search": 2}


class World:
    """Collects upstream rows, and what was put in for the oracle."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.touches: list[dict[str, Any]] = []
        self.conversions: dict[str, dict[str, Any]] = {}
        self.leads: dict[str, datetime] = {}
        self.people: set[str] = set()

    def person(self, person: str) -> None:
        if person not in self.people:
            self.people.add(person)
            self.record("contact", f"003{person}", person)
            self.tables["marts.dim_people"].append({"person_id": person})

    def record(self, kind: str, key: str, person: str) -> None:
        self.tables["identity.person_records"].append(
            {"source": "salesforce", "record_type": kind, "record_id": key, "person_id": person}
        )

    def touch(self, person: str, at: datetime, channel: str, consent: bool | None = None) -> str:
        self.person(person)
        event = f"e{len(self.touches):05d}"
        self.touches.append(
            {"event": event, "person": person, "at": at, "channel": channel, "seen": consent}
        )
        self.tables["identity.identifiers"].append(
            {"id_type": "anonymous_id", "id_value": f"a-{event}", "person_id": person}
        )
        self.tables["staging.stg_web_events__pages"].append({
            "web_event_id": event, "anonymous_id": f"a-{event}", "occurred_at": at,
            "page_url": "https://www.shop.example/x?y=1", "page_host": "www.shop.example",
            "has_analytics_consent": consent, **LANDINGS[channel],
        })  # fmt: skip
        return event

    def lead(self, person: str, at: datetime) -> None:
        self.person(person)
        key = f"00Q{person}"
        self.record("lead", key, person)
        self.leads[person] = at
        self.tables["staging.stg_salesforce__leads"].append(
            {"salesforce_lead_id": key, "created_at": at, "is_deleted": False}
        )
        self.conversions[f"lead_created:{key}"] = {
            "type": "lead_created", "people": {person}, "at": at, "opened": None,
            "amount": Decimal(0), "currency": "USD", "credit": f"lead_created:{key}",
        }  # fmt: skip

    def deal(
        self,
        key: str,
        people: set[str],
        opened: datetime,
        closed: date | None = None,
        amount: str = "0",
        currency: str = "USD",
        refunds: str | None = None,
    ) -> None:
        for person in people:
            self.person(person)
            self.tables["staging.stg_salesforce__opportunity_contact_roles"].append(
                {"salesforce_opportunity_id": key, "salesforce_contact_id": f"003{person}"}
            )
        self.tables["staging.stg_salesforce__opportunities"].append({
            "salesforce_opportunity_id": key, "opportunity_type": "Refund" if refunds else "New",
            "original_opportunity_id": refunds, "currency": currency, "amount_local": amount,
            "is_won": closed is not None, "is_closed": closed is not None, "close_date": closed,
            "created_at": opened,
        })  # fmt: skip
        base = {"people": people, "opened": opened, "currency": currency}
        if not refunds:
            self.conversions[f"opportunity_created:{key}"] = base | {
                "type": "opportunity_created", "at": opened, "amount": Decimal(0),
                "credit": f"opportunity_created:{key}",
            }  # fmt: skip
        if closed:
            kind = "refund" if refunds else "closed_won"
            self.conversions[f"{kind}:{key}"] = base | {
                "type": kind, "at": datetime.combine(closed, time(23, 59, 59)),
                "amount": -abs(Decimal(amount)) if refunds else Decimal(amount),
                "credit": f"closed_won:{refunds or key}",
            }  # fmt: skip


def random_cases(world: World) -> None:
    """Sixty deals of one to three people with random touches, some at the same moment."""
    rng = random.Random(SEED)
    for number in range(60):
        people = {f"r{number}-{member}" for member in range(rng.randint(1, 3))}
        ordered = sorted(people)
        opened = START + timedelta(seconds=rng.randint(0, 200 * 86400))
        for _ in range(rng.choice([0, 1, 2, 3, 5, 8, 20])):
            at = opened + timedelta(seconds=rng.randint(-150 * 86400, 40 * 86400))
            channel = rng.choice(list(LANDINGS))
            consent = rng.choice([None, True, True, False])
            world.touch(rng.choice(ordered), at, channel, consent)
            if rng.random() < 0.2:
                world.touch(rng.choice(ordered), at, rng.choice(list(LANDINGS)))
        for person in ordered:
            if rng.random() < 0.6:
                world.lead(person, opened + timedelta(seconds=rng.randint(-100, 10) * 86400))
        closed = (opened + rng.randint(0, 60) * DAY).date() if rng.random() < 0.7 else None
        amount = rng.choice(["0", "0.01", "0.05", "99.99", "1234567.89", str(rng.randint(1, 9999))])
        currency = rng.choice(["USD", "EUR", "GBP"])
        world.deal(f"d{number}", people, opened, closed, amount, currency)
        if closed and rng.random() < 0.4:
            back = closed + 45 * DAY
            world.deal(f"d{number}r", people, opened, back, amount, currency, f"d{number}")


def edge_cases(world: World) -> None:
    """Both ends of the window, one second outside, and the cases named in the tests below."""
    at = START + 100 * DAY
    for name, offset in [("start", -180 * DAY), ("before", -180 * DAY - timedelta(seconds=1)),
                         ("same", timedelta()), ("after", timedelta(seconds=1))]:  # fmt: skip
        world.touch(f"edge-{name}", at + offset, "referral")
        world.deal(f"edge-{name}", {f"edge-{name}"}, at)
    for step, channel in enumerate(["email", "direct"]):
        world.touch("refunded", START + step * DAY, channel)
    world.deal("sale", {"refunded"}, START + 2 * DAY, (START + 3 * DAY).date(), "100.01", "EUR")
    world.touch("refunded", START + 20 * DAY, "paid_search")
    world.deal("back", {"refunded"}, START, (START + 90 * DAY).date(), "-100.01", "EUR", "sale")
    world.deal("orphan", {"nobody"}, START, (START + 9 * DAY).date(), "5", "USD", "unknown")
    world.touch("buyer", START, "email")
    for key, day in [("first", 5), ("second", 25)]:
        world.deal(key, {"buyer"}, START + day * DAY, (START + (day + 1) * DAY).date(), "50")
    for step in range(7):
        world.touch("tasman", START + step * DAY, "referral")
    world.lead("tasman", START + 2.5 * DAY)
    world.deal("tasman", {"tasman"}, START + 10 * DAY)


def example_cases(world: World) -> None:
    """One deal for each path and repetition of the published examples."""
    for example in EXAMPLES:
        for number, (path, times) in enumerate(example["paths"]):
            steps = [step.strip() for step in path.split(">") if step.strip()]
            for repeat in range(times):
                person = f"{example['id']}-{number}-{repeat}"
                for day, step in enumerate(steps):
                    world.touch(person, START + day * DAY, example["channels"][step])
                world.deal(person, {person}, START + 50 * DAY)


@pytest.fixture(scope="module")
def world(module_home: Path, marts: Any) -> World:
    print(f"seed {SEED}")
    world = World()
    random_cases(world)
    edge_cases(world)
    example_cases(world)
    marts(world.tables)
    return world


@pytest.fixture(scope="module")
def credited(world: World, query: Any) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Attributed rows by conversion and model, each with the source record of its touch."""
    found = query("""
        select attributed.*, touches.source_record_id
        from marts.fct_attributed_conversions as attributed
        left join marts.fct_touches as touches using (touch_id)
    """)
    by_key: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in found:
        by_key[row["conversion_id"], row["model"]].append(row)
    assert by_key
    return by_key


def milestones(at: list[datetime], moments: list[datetime | None]) -> list[int | None]:
    """Position of the last touch at or before each moment."""
    return [
        max((i for i, touched in enumerate(at) if m and touched <= m), default=None)
        for m in moments
    ]


def shared(n: int, held: list[tuple[int | None, Fraction]], rest: Fraction) -> list[Fraction]:
    """Milestone credit plus the rest over the others; what is missing goes to what is there."""
    credit = [Fraction(0)] * n
    for position, weight in held:
        if position is not None:
            credit[position] += weight
    others = [i for i in range(n) if not credit[i]]
    rest = rest if others else Fraction(0)
    total = sum(credit)
    return [(1 - rest) * c / total if c else rest / len(others) for c in credit]


def oracle(model: str, touches: list[dict[str, Any]], moments: list[datetime | None]) -> list[Any]:
    """Weights of one journey, in the order of its touches."""
    n = len(touches)
    at = [touch["at"] for touch in touches]
    one = [Fraction(0)] * n
    lead, opened, won = milestones(at, moments)
    if model == "linear":
        return [Fraction(1, n)] * n
    if model == "time_decay":
        raw = [2 ** ((a - at[-1]).total_seconds() / 604800) for a in at]
        return [r / sum(raw) for r in raw]
    if model == "u_shaped":
        return shared(n, [(0, Fraction(2, 5)), (n - 1, Fraction(2, 5))], Fraction(1, 5))
    if model == "w_shaped":
        return shared(n, [(p, Fraction(3, 10)) for p in (0, lead, opened)], Fraction(1, 10))
    if model == "full_path":
        places = (0, lead, opened, won)
        return shared(n, [(p, Fraction(9, 40)) for p in places], Fraction(1, 10))
    chosen = {"first_touch": 0, "last_touch": n - 1}.get(model)
    if chosen is None:
        chosen = max((i for i in range(n) if touches[i]["channel"] != "direct"), default=n - 1)
    one[chosen] = Fraction(1)
    return one


def journey(world: World, conversion: dict[str, Any], ids: dict[str, str]) -> list[dict[str, Any]]:
    """Eligible touches of a conversion in their order."""
    window = WINDOW[conversion["type"]]
    return sorted(
        (
            touch
            for touch in world.touches
            if touch["person"] in conversion["people"]
            and conversion["at"] - window <= touch["at"] <= conversion["at"]
        ),
        key=lambda t: (t["at"], PRIORITY.get(t["channel"], 3), ids[t["event"]]),
    )


def expected(world: World, key: str, model: str, ids: dict[str, str]) -> list[tuple[str, Any]]:
    """(source record or label, weight) of a conversion, withheld touches added up at the end."""
    conversion = world.conversions[key]
    if conversion["credit"] != key and conversion["credit"] in world.conversions:
        return expected(world, conversion["credit"], model, ids)
    if conversion["type"] == "refund":
        return [("(unattributed)", Fraction(1))]
    touches = journey(world, conversion, ids)
    if not touches:
        return [("(unattributed)", Fraction(1))]
    leads = [world.leads[p] for p in conversion["people"] if p in world.leads]
    moments = [min(leads, default=None), conversion["opened"],
               conversion["at"] if conversion["type"] == "closed_won" else None]  # fmt: skip
    moments = [m if m and m <= conversion["at"] else None for m in moments]
    weights = list(zip(touches, oracle(model, touches, moments), strict=True))
    shown = [(t["event"], w) for t, w in weights if t["seen"] is not False and w]
    withheld = sum((w for t, w in weights if t["seen"] is False), Fraction(0))
    return shown + ([("(consent withheld)", withheld)] if withheld else [])


def cents(total: Decimal, weights: list[Any]) -> list[int]:
    """Largest remainder: whole cents, the left-over ones to the largest remainders, first first."""
    amount = int(abs(total) * 100)
    floors = [int(w * amount + Fraction(1, 10**6)) for w in weights]
    rest = [round(float(w * amount - f), 6) for w, f in zip(weights, floors, strict=True)]
    for i in sorted(range(len(weights)), key=lambda i: -rest[i])[: amount - sum(floors)]:
        floors[i] += 1
    return [-f if total < 0 else f for f in floors]


MODELS = ["first_touch", "last_touch", "last_non_direct", "linear", "u_shaped", "w_shaped",
          "full_path", "time_decay"]  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_weights_and_amounts_equal_a_plain_loop(
    model: str, world: World, credited: Any, query: Any
) -> None:
    ids = {r["source_record_id"]: r["touch_id"] for r in query("from marts.fct_touches")}
    values = {r["conversion_id"]: r for r in query("from marts.fct_conversions")}
    assert len(world.conversions) > 200
    assert {c for c in values if not c.startswith("mql:")} == set(world.conversions)
    for key, conversion in world.conversions.items():
        want = expected(world, key, model, ids)
        got = {r["source_record_id"] or r["touch_id"]: r for r in credited[key, model]}
        assert set(got) == {name for name, _ in want}, key
        assert [got[n]["weight"] for n, _ in want] == pytest.approx([float(w) for _, w in want])
        assert values[key]["revenue_local"] == conversion["amount"]
        weights = [w for _, w in want]
        for money in ("revenue_local", "revenue_usd"):
            amounts = [int(got[n][money] * 100) for n, _ in want]
            assert amounts == cents(values[key][money], weights), (key, money)


@pytest.mark.parametrize("example", EXAMPLES, ids=[e["id"] for e in EXAMPLES])
def test_published_examples(example: dict[str, Any], credited: Any) -> None:
    for model, totals in example["expected"].items():
        found: dict[str, float] = defaultdict(float)
        for (key, name), lines in credited.items():
            if name == model and key.startswith(f"opportunity_created:{example['id']}-"):
                for line in lines:
                    found[line["channel"]] += line["weight"] * example["value"]
        assert found == pytest.approx({example["channels"][c]: v for c, v in totals.items()})


def test_published_w_of_seven_touches(credited: Any) -> None:
    """TasmanAnalytics docs/configuration.md: 3 touches before the lead, 4 after."""
    rows = credited["opportunity_created:tasman", "w_shaped"]
    weights = [r["weight"] for r in sorted(rows, key=lambda r: r["source_record_id"])]
    assert weights == pytest.approx([0.3, 0.025, 0.3, 0.025, 0.025, 0.025, 0.3])


@pytest.mark.parametrize(
    ("case", "channel"),
    [("start", "referral"), ("same", "referral"),
     ("before", "(unattributed)"), ("after", "(unattributed)")],
)  # fmt: skip
def test_window_is_inclusive_at_both_ends(case: str, channel: str, credited: Any) -> None:
    for model in MODELS:
        (row,) = credited[f"opportunity_created:edge-{case}", model]
        assert (row["channel"], row["weight"]) == (channel, 1.0)


def test_refund_mirrors_the_sale(credited: Any) -> None:
    for model in MODELS:
        sale = {r["touch_id"]: r for r in credited["closed_won:sale", model]}
        back = {r["touch_id"]: r for r in credited["refund:back", model]}
        assert {t: r["weight"] for t, r in back.items()} == {
            t: r["weight"] for t, r in sale.items()
        }
        assert all(back[t]["revenue_local"] == -sale[t]["revenue_local"] for t in sale)
        assert {r["converted_at"] for r in back.values()} == {datetime(2025, 11, 30, 23, 59, 59)}
        assert credited["refund:orphan", model][0]["channel"] == "(unattributed)"


def test_repeated_conversions_share_each_their_own_journey(credited: Any) -> None:
    for key in ("closed_won:first", "closed_won:second"):
        (row,) = credited[key, "linear"]
        assert (row["weight"], row["revenue_usd"]) == (1.0, Decimal("50.00"))


def test_channel_report_adds_up(world: World, query: Any) -> None:
    won = [c for c in world.conversions.values() if c["type"] == "closed_won"]
    for row in query("""
        select model, sum(conversions) as conversions, sum(leads) as leads
        from marts.channel_attribution group by model
    """):
        assert row["conversions"] == pytest.approx(len(won))
        assert row["leads"] == pytest.approx(len(world.leads))
