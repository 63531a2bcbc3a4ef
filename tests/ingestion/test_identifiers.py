"""Normal forms at landing: the same as the identity room's, without asking it about each row."""

import random
import sys

import phonenumbers
import pyarrow as pa
import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES
from hypothesis import example, given, settings
from hypothesis import strategies as st

from identity.normalise import ID_TYPES, PLAIN_EMAIL_BYTES, RULES, normalise
from ingestion import identifiers
from ingestion.identifiers import BLANKS, add_normal_forms, column_forms, normal_forms
from ingestion.sources import NORMALISED, Table

REGIONS = st.sampled_from([None, "", " ", "US", " germany ", "Nowhere", "a\x1fb"])
LABEL = st.one_of(
    st.sampled_from(
        ["firm", "Firm-2", "a", "1", "com", "co.uk", "c0m", "9", "b-", "-", "", "ab--c"]
    ),
    st.sampled_from(
        ["münchen", "xn--mnchen-3ya", "x--y", "İ", "\uff11", "\u212a", "中国", "x" * 63]
    ),
    st.sampled_from([*SPECIAL_USE_DOMAIN_NAMES, "example", "ARPA", "Test"]),
    st.text("abcXYZ019-_.", max_size=6),
)
LOCAL = st.one_of(
    st.text("abcXYZ019.+-_'&/=?^`{|}~!#$%*", min_size=1, max_size=12),
    st.sampled_from(['"a b"', '"a@b"', '"plain"', "Ann <ann", "mailto:a", "MAILTO:a", "Z\u0308"]),
    st.sampled_from(["info", "a" * 50, "x" * 64, "a b", "a,b", "a\\b", "\u017f", "", ".", "\0"]),
    st.text(max_size=4),
)
PAD = st.sampled_from(["", " ", "\t", "\x1f", "\xa0", "\u200b", "\n", ">", "."])
ADDRESS = st.builds(
    lambda left, local, at, labels, right: left + local + at + ".".join(labels) + right,
    PAD,
    LOCAL,
    st.sampled_from(["@", "@", "@", "@@", "\uff20", ""]),
    st.lists(LABEL, max_size=4),
    PAD,
)
NUMBER = st.one_of(
    st.sampled_from(["(415) 555-2671", "+44 20 7946 0018", "0044 20 7946 0018", "030 901820", "1"]),
    st.from_regex(r"\A[ +0-9()-]{0,16}\Z"),
)


def _columns(*columns: dict[str, str]) -> Table:
    declared = [c | {"description": "", "pii": "none", "purposes": []} for c in columns]
    return Table.model_validate(
        {
            "source": "s", "name": "t", "order": 1, "description": "", "file_pattern": ["s/*"],
            "dialect": {"format": "csv"}, "load": "append", "key": [columns[0]["name"]],
            "event_column": columns[0]["name"], "columns": declared,
        }
    )  # fmt: skip


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str | None]]:
    """What the identity room's function is asked, of which it remembers nothing."""
    calls = []

    def ask(kind: str, value: str, region: str | None) -> str | None:
        calls.append((kind, value, region))
        return normalise(kind, value, region)

    monkeypatch.setattr(identifiers, "_remembered", lambda: ask)
    return calls


def test_blanks_are_what_strip_strips() -> None:
    assert set(BLANKS) == {c for c in map(chr, range(sys.maxunicode + 1)) if c.isspace()}


@settings(deadline=None)
@given(
    st.sampled_from(ID_TYPES),
    st.lists(st.tuples(st.one_of(st.none(), st.text(max_size=30), ADDRESS, NUMBER), REGIONS)),
)
def test_a_column_gives_what_each_value_gives(
    id_type: str, pairs: list[tuple[str | None, str | None]]
) -> None:
    values, regions = zip(*pairs, strict=True) if pairs else ((), ())
    expected = [v and normalise(id_type, v, r) for v, r in pairs]
    arrays = pa.array(values, pa.string()), pa.array(regions, pa.string())
    assert normal_forms(id_type, *arrays).to_pylist() == [form or None for form in expected]


@settings(max_examples=100, deadline=None)
@given(st.lists(ADDRESS, min_size=1, max_size=30))
@example([f"{'a' * (PLAIN_EMAIL_BYTES - 5 + n)}@b.co" for n in (0, 1)])
@example([f"a@b.{'c' * n}" for n in (59, 60, 61, 63, 64)])
@example([f"a@b.{name}" for name in SPECIAL_USE_DOMAIN_NAMES])
def test_no_shape_of_an_address_is_treated_otherwise(addresses: list[str]) -> None:
    expected = [normalise("email", address) for address in addresses]
    assert normal_forms("email", pa.array(addresses)).to_pylist() == expected


def test_one_odd_thing_anywhere_in_a_plain_address() -> None:
    plain = ["ann@firm.com", "A.B@a-b.c0.io", "x'1+n@mail.9.test"]
    odd = ["-", "--", ".", "..", "9", ".1", "@", '"', " ", "\u0301", "X", "<", "(", ":", "\\", "\0"]
    addresses = [p[:at] + o + p[at:] for p in plain for at in range(len(p) + 1) for o in odd]
    expected = [normalise("email", address) for address in addresses]
    assert None in expected
    assert normal_forms("email", pa.array(addresses)).to_pylist() == expected


def test_plain_addresses_and_plain_ids_need_no_asking(asked) -> None:
    plain = ["ann@firm.com", " Bob.B+News@Mail.Firm-2.CO.UK\t", "o'neil@a.test", "no address", "-"]
    found = normal_forms("email", pa.array([*plain, None, ""]))
    assert found.to_pylist() == [
        "ann@firm.com", "bob.b+news@mail.firm-2.co.uk", "o'neil@a.test", None, None, None, None,
    ]  # fmt: skip
    assert normal_forms("anonymous_id", pa.array([" c-1 ", "\u3000", None])).to_pylist() == [
        "c-1", None, None,
    ]  # fmt: skip
    assert asked == []


def test_other_values_are_asked_about_once_with_their_region(asked) -> None:
    mails = pa.array(["Zoë@münchen.de", "a@@b.com", "Zoë@münchen.de ", "ann@firm.com", "a@@b.com"])
    assert normal_forms("email", mails).to_pylist() == [
        "zoë@münchen.de", None, "zoë@münchen.de", "ann@firm.com", None,
    ]  # fmt: skip
    assert sorted(asked) == [("email", "Zoë@münchen.de", None), ("email", "a@@b.com", None)]
    asked.clear()
    phones = pa.array(["020 7946 0018"] * 4 + [None])
    regions = pa.array(["GB", " GB ", "DE", None, "GB"])
    assert normal_forms("phone", phones, regions).to_pylist() == [
        "+442079460018", "+442079460018", normalise("phone", "020 7946 0018", "DE"), None, None,
    ]  # fmt: skip
    assert sorted(r or "" for _, _, r in asked) == ["", "DE", "GB"]


def test_numbers_of_every_numbering_plan() -> None:
    """Numbers near the library's own examples, most of them valid, and numbers of digits alone."""
    seed = 20261127
    draw = random.Random(seed)
    numbers = []
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        lengths = range(4, 13)
        digits = ["".join(draw.choices("0123456789", k=draw.choice(lengths))) for _ in range(50)]
        numbers += [f"+{code}{national}" for national in digits]
        for text in filter(None, (_example(code, r, kind) for r in regions for kind in range(11))):
            cuts = [draw.randint(1, 4) for _ in range(10)]
            numbers += [text[:-c] + "".join(draw.choices("0123456789", k=c)) for c in cuts]
    print(f"seed {seed}: {len(numbers)} numbers")
    values = pa.array(numbers)
    expected = [normalise("phone", number) for number in numbers]
    known = identifiers._plain_phones(values)[0].to_pylist()
    assert [k for k, e in zip(known, expected, strict=True) if k not in (None, e)] == []
    valid = sum(e is not None for e in expected)
    assert len(numbers) > 1.5 * valid > 20_000
    assert sum(k is not None for k in known) > 0.8 * valid
    assert normal_forms("phone", values).to_pylist() == expected


def _example(code: int, region: str, kind: int) -> str:
    found = (
        phonenumbers.example_number_for_non_geo_entity(code)
        if region == "001"
        else phonenumbers.example_number_for_type(region, kind)
    )
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164) if found else ""


def test_numbers_that_are_plain_need_no_asking(asked) -> None:
    plain = [f"+4930{number}" for number in range(12345000, 12345060)]
    odd = ["+49 30 12345678", "030 12345678", "+49030123", "+999123456", "n/a", ""]
    found = normal_forms("phone", pa.array([*plain, *odd, None])).to_pylist()
    assert found[: len(plain)] == plain
    assert found[len(plain) :] == ["+493012345678", None, "+4930123", *[None] * 4]
    assert sorted(value for _, value, _ in asked) == sorted(odd[:-1])


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.lists(st.one_of(ADDRESS, st.just("")), max_size=4))))
def test_several_in_one_cell_are_several_values(cells: list[list[str] | None]) -> None:
    texts = [None if cell is None else ";".join(cell) for cell in cells]
    column = {"name": "mails", "identifier": "email", "separator": ";"}
    found = add_normal_forms(pa.table({"mails": pa.array(texts, pa.string())}), _columns(column))
    expected = []
    for text in texts:
        forms = [normalise("email", part) for part in (text or "").split(";")]
        expected.append(";".join(form for form in forms if form) or None)
    assert found["_normal_mails"].to_pylist() == expected


def test_every_identifier_of_a_table_with_its_own_rule() -> None:
    table = _columns(
        {"name": "cookie", "identifier": "anonymous_id"},
        {"name": "phones", "identifier": "phone", "region_from": "country", "separator": "|"},
        {"name": "country"},
    )
    rows = pa.table(
        {
            "cookie": pa.chunked_array([["A", " b"], [""]]),
            "phones": ["(415) 555-2671| +44 20 7946 0018|1", "030 901820", None],
            "country": ["US", "germany", None],
        }
    )
    found = add_normal_forms(rows, table)
    assert found.column_names == ["cookie", "phones", "country", "_normal_phones"]
    assert column_forms(rows, table.columns[0]).to_pylist() == ["A", "b", None]
    assert found["_normal_phones"].to_pylist() == [
        "+14155552671|+442079460018", "+4930901820", None,
    ]  # fmt: skip


def test_what_lands_beside_the_text_is_what_has_a_rule() -> None:
    assert {*NORMALISED} == {*RULES}


def test_a_column_the_file_does_not_have_has_no_normal_forms() -> None:
    table = _columns(
        {"name": "mail", "identifier": "email"},
        {"name": "phone", "identifier": "phone", "region_from": "country"},
        {"name": "country"},
    )
    found = add_normal_forms(pa.table({"phone": ["+44 20 7946 0018", "020 7946 0018"]}), table)
    assert found["_normal_mail"].to_pylist() == [None, None]
    assert found["_normal_phone"].to_pylist() == ["+442079460018", None]


def test_a_file_without_rows() -> None:
    table = _columns({"name": "mails", "identifier": "email", "separator": ";"})
    found = add_normal_forms(pa.table({"mails": pa.chunked_array([], pa.string())}), table)
    assert (found.num_rows, found.column_names) == (0, ["mails", "_normal_mails"])


def test_with_the_identity_rooms_normaliser(land, ingest, query) -> None:
    land("suppression/s.csv", "email,type,occurred_at,source\n Ann@Example.TEST ,a,,\nnone,b,,\n")
    ingest()
    assert query(
        "select email, _normal_email from raw_suppression.suppressions order by _line"
    ) == [
        (" Ann@Example.TEST ", "ann@example.test"),
        ("none", None),
    ]
