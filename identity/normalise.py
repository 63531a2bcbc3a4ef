"""The normal form of an identifier: two spellings of one value become the same text."""

import csv
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from urllib.parse import urlsplit

import phonenumbers
import tldextract
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from warehouse.settings import settings

ID_TYPES = (
    "email",
    "phone",
    "salesforce_lead_id",
    "salesforce_contact_id",
    "hubspot_contact_id",
    "marketo_lead_id",
    "anonymous_id",
    "user_id",
    "loyalty_id",
    "domain",
)

PLAIN_EMAIL = (
    r"\A[a-z0-9_!#$%&'*+\-/=?^`{|}~]+(?:\.[a-z0-9_!#$%&'*+\-/=?^`{|}~]+)*"
    r"@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+(?:[a-z0-9]+-)*[a-z0-9]*[a-z]\z"
)
"""RE2 pattern of lower-case addresses that are their own normal form, with two more conditions:
at most PLAIN_EMAIL_BYTES long, and not in `.arpa`.

An ASCII dot-atom without quotes before the `@`. After it two labels or more, without Punycode and
other double hyphens, the last one ending in a letter; a label is shorter than the whole, so within
the 63 that a label may have. No rule below changes or refuses such an address but for its case.
"""
PLAIN_EMAIL_BYTES = 64

# cache_dir=None and no list URLs: the suffix list inside the package, no network, no files written.
_extract = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())


def normalise(id_type: str, value: str, region: str | None = None) -> str | None:
    """Return the normal form of `value`, or None when it has none.

    email: valid syntax (no DNS look-up), lower case, Unicode NFC; dots and +tags stay.
    phone: E.164 without extension, only if the number is valid in its numbering plan; `region` (an
    ISO 3166 code or an English country name) reads national numbers.
    domain: the registrable domain of a host, URL or e-mail address, lower case, Punycode.
    Every other type: trimmed, or None when nothing is left.
    """
    text = value.strip()
    if not text:
        return None
    rule = RULES.get(id_type)
    return rule(text, region) if rule else text


def normalise_many(
    id_type: str, values: Iterable[tuple[str, str | None]]
) -> dict[tuple[str, str | None], str | None]:
    """Map each distinct (value, region) to its normal form; every pair is worked out once."""
    return {pair: normalise(id_type, *pair) for pair in set(values)}


def _email(text: str, _: str | None) -> str | None:
    local, at, host = text.removeprefix("mailto:").rpartition("@")
    host, last = host.rstrip("."), host.rstrip(".").rpartition(".")[2].lower()
    if not at or "." not in host:
        return None
    # Names reserved for tests and private networks (RFC 6761) occur in real exports and identify
    # just as well. The library's list is global, so the name is swapped, not the list.
    special = last in SPECIAL_USE_DOMAIN_NAMES and last != "arpa"
    checked = host[: -len(last)] + "test" if special else host
    try:
        found = validate_email(
            f"{local}@{checked}", check_deliverability=False, test_environment=special
        )
    except EmailNotValidError:
        return None
    domain = found.domain[: -len("test")] + last if special else found.domain
    return unicodedata.normalize("NFC", f"{found.local_part}@{domain}".lower())


def _phone(text: str, region: str | None) -> str | None:
    code = region_of(region)
    candidates = [(text, code)]
    if text.startswith("00"):
        candidates.append(("+" + text[2:], None))
    for number, where in candidates:
        try:
            parsed = phonenumbers.parse(number, where)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return None


def _domain(text: str, _: str | None) -> str | None:
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
        host = host.encode("idna").decode("ascii").lower().rstrip(".")
    except ValueError:
        return None
    # Looked at after encoding, which makes dots of other scripts' full stops.
    if "." not in host or host.replace(".", "").isdigit():
        return None
    found = _extract(host)
    if found.suffix:
        return found.top_domain_under_public_suffix or None
    # A suffix the public list does not know (.example, .internal): the last two labels.
    return ".".join(host.split(".")[-2:])


RULES: dict[str, Callable[[str, str | None], str | None]] = {
    "email": _email,
    "phone": _phone,
    "domain": _domain,
}
"""Types whose normal form is more than the trimmed text."""


def region_of(country: str | None) -> str | None:
    """The ISO 3166 two-letter code of a country's code or English name; None when unknown."""
    text = (country or "").strip().casefold()
    return _regions().get(text) if text else None


@cache
def _regions() -> dict[str, str]:
    path = settings().rules / "identity_country_regions.csv"
    with path.open(encoding="utf-8", newline="") as handle:
        rows = [(row["country"], row["region"]) for row in csv.DictReader(handle)]
    names = {country.casefold(): region for country, region in rows}
    return {code.casefold(): code for code in phonenumbers.SUPPORTED_REGIONS} | names
