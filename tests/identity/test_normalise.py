"""Two spellings of one identifier become the same text, and nonsense becomes nothing."""

import email_validator
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.normalise import ID_TYPES, normalise, normalise_many, region_of


@pytest.mark.parametrize(
    ("id_type", "value", "region", "expected"),
    [
        ("email", "  John.Doe+News@Example.COM ", None, "john.doe+news@example.com"),
        ("email", "a@firm.test", None, "a@firm.test"),
        ("email", "a@firm.example", None, "a@firm.example"),
        ("email", "a@firm.local", None, "a@firm.local"),
        ("email", "a@firm.invalid", None, "a@firm.invalid"),
        ("email", "a@test", None, None),
        ("email", "a@@firm.com", None, None),
        ("email", "not an address", None, None),
        ("email", "Zoë@münchen.de", None, "zoë@münchen.de"),
        ("phone", "(415) 555-2671", "US", "+14155552671"),
        ("phone", "(415) 555-2671", "United States", "+14155552671"),
        ("phone", "020 7946 0018", "united kingdom", "+442079460018"),
        ("phone", "+44 20 7946 0018", None, "+442079460018"),
        ("phone", "0044 20 7946 0018", None, "+442079460018"),
        ("phone", "020 7946 0018", None, None),
        ("phone", "000000", "US", None),
        ("domain", "https://www.Firm.co.uk/about", None, "firm.co.uk"),
        ("domain", "mail.firm.example", None, "firm.example"),
        ("domain", "someone@sales.firm.com", None, "firm.com"),
        ("domain", "münchen.de", None, "xn--mnchen-3ya.de"),
        ("domain", "10.0.0.1", None, None),
        ("domain", "localhost", None, None),
        ("domain", ".", None, None),
        ("domain", "firm。", None, None),
        ("domain", "www.firm。com。", None, "firm.com"),
        ("loyalty_id", " L-1 ", None, "L-1"),
        ("user_id", "   ", None, None),
    ],
)
def test_normal_form(id_type: str, value: str, region: str | None, expected: str | None) -> None:
    assert normalise(id_type, value, region) == expected


@given(st.sampled_from(ID_TYPES), st.text(max_size=60), st.sampled_from([None, "US", "Nowhere"]))
def test_any_text_is_handled_and_a_normal_form_is_its_own(
    id_type: str, value: str, region: str | None
) -> None:
    once = normalise(id_type, value, region)
    assert once is None or normalise(id_type, once, region) == once


def test_the_library_is_left_as_it_was() -> None:
    normalise("email", "a@firm.test")
    with pytest.raises(email_validator.EmailNotValidError):
        email_validator.validate_email("a@firm.test", check_deliverability=False)


def test_many_values_are_worked_out_once_each() -> None:
    pairs = [("020 7946 0018", "GB"), ("020 7946 0018", None), ("020 7946 0018", "GB")]
    assert normalise_many("phone", pairs) == {
        ("020 7946 0018", "GB"): "+442079460018",
        ("020 7946 0018", None): None,
    }


@pytest.mark.parametrize(
    ("country", "region"), [("USA", "US"), ("deutschland", "DE"), ("gb", "GB"), ("", None)]
)
def test_countries(country: str, region: str | None) -> None:
    assert region_of(country) == region
