"""People who are easily taken for one another: few names, families at one address, twins."""

import random
from dataclasses import dataclass

FIRST = """james mary john anna robert linda michael sarah david emma thomas laura peter julia paul
alice mark helen simon grace martin nora daniel ruth oliver eva lucas clara adam rosa"""
LAST = """smith jones taylor brown williams wilson johnson davies patel wright walker white edwards
green hall thomas clarke jackson wood harris martin cooper king lee baker allen morris ward"""
STREETS = "high mill church station park victoria green manor london school"
CITIES = "leeds york bath derby hull luton"


@dataclass(frozen=True)
class _Person:
    number: int
    first: str
    last: str
    birth: str
    street: str
    city: str
    postcode: str
    phone: str
    email: str


def records_of_households(people: int, seed: int, typo: float = 0.08) -> list[dict[str, str]]:
    """One to four records of each of `people`, in families; columns as a mapping names them.

    Names are drawn with the frequency of common names, so that hundreds share theirs. A family has
    one surname, address and phone; one in ten has twins. A record loses each value with 1 chance in
    7 and misspells it with the chance `typo`.
    """
    rng = random.Random(seed)
    found: list[_Person] = []
    while len(found) < people:
        found += _family(rng, len(found))
    rows = [
        _record(rng, person, typo) for person in found[:people] for _ in range(rng.randint(1, 4))
    ]
    rng.shuffle(rows)
    return [{"id": f"r{n:06d}", **row} for n, row in enumerate(rows)]


def _pick(rng: random.Random, words: list[str]) -> str:
    return words[min(int(rng.paretovariate(0.7)) - 1, len(words) - 1) if rng.random() < 0.6
                 else rng.randrange(len(words))]  # fmt: skip


def _family(rng: random.Random, start: int) -> list[_Person]:
    last, size = _pick(rng, LAST.split()), rng.choice([1, 1, 2, 3, 4, 5])
    street = f"{rng.randint(1, 90)} {rng.choice(STREETS.split())} street"
    city = rng.choice(CITIES.split())
    postcode = f"{city[:2]}{rng.randint(1, 30)} {rng.randint(1, 9)}{rng.choice('abcd')}"
    phone, twins, births = f"0{rng.randint(10**8, 10**9 - 1)}", rng.random() < 0.1, []
    made: list[_Person] = []
    for n in range(size):
        year = rng.randint(1940, 1985) if n < 2 else rng.randint(1990, 2008)
        birth = f"{year}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        births.append(births[-1] if twins and n == 3 else birth)
        first = _pick(rng, [name for name in FIRST.split() if name not in {m.first for m in made}])
        mail = f"{first}.{last}{rng.randint(1, 99)}@{rng.choice(['post', 'mail', 'web'])}.example"
        made.append(
            _Person(start + n, first, last, births[-1], street, city, postcode, phone, mail)
        )
    return made


def _record(rng: random.Random, person: _Person, typo: float) -> dict[str, str]:
    values = {
        "first_name": person.first,
        "last_name": person.last,
        "birth_date": person.birth,
        "street": person.street,
        "city": person.city,
        "postcode": person.postcode,
        "phone": person.phone,
        "email": person.email,
    }
    spoilt = {key: _spoil(rng, value, typo) for key, value in values.items()}
    return {"person": str(person.number), **spoilt}


def _spoil(rng: random.Random, value: str, typo: float) -> str:
    if rng.random() < 1 / 7:
        return ""
    if rng.random() >= typo:
        return value
    at = rng.randrange(len(value) - 1)
    letter = rng.choice("0123456789" if value[at].isdigit() else "abcdefghijklmnop")
    return rng.choice(
        [
            value[:at] + value[at + 1 :],
            value[:at] + letter + value[at + 1 :],
            value[:at] + value[at + 1] + value[at] + value[at + 2 :],
        ]
    )
