"""Campaigns and their links: names by convention, and the 15 % that drift from it."""

from dataclasses import dataclass

import numpy as np

from simulator.calendar import Bools, Ints, Window, rng
from simulator.rates import CHANNELS, Rates

SEGMENTS = ("Enterprise", "Midmarket", "SMB", "AllSegments")
_NAMES = {
    "paid_search": ("Search", "Brand-Terms Attribution-Software CDP-Comparison Data-Warehouse"),
    "paid_social": ("Launch", "Journey-Maps Ops-Guide Audience-Sync"),
    "display": ("Retarget", "Pricing-Visitors Demo-Dropoff"),
    "email": ("Nurture", "Monthly-Digest Onboarding-Series Product-News"),
    "organic_social": ("Content", "Benchmark-Report Playbook"),
    "referral": ("Partner", "Review-Sites Agency-Referrals"),
}
_LINKS: dict[str, tuple[tuple[str, str], ...]] = {
    "paid_search": (("google", "cpc"), ("google", "cpc"), ("google", "cpc"), ("bing", "cpc")),
    "paid_social": (("linkedin", "paid_social"), ("facebook", "paid_social")),
    "display": (("google", "display"),),
    "email": (("hubspot", "email"), ("hubspot", "email"), ("newsletter", "email")),
    "organic_social": (("linkedin", "social"), ("youtube", "social")),
    "referral": (("g2", "referral"), ("capterra", "referral"), ("partner", "affiliate")),
}
_SOURCE_DRIFT = {
    "google": ("adwords", "Google", "google-ads"), "bing": ("Bing", "bing", "bing"),
    "linkedin": ("li", "LinkedIn", "linked-in"), "facebook": ("fb", "meta", "facebook.com"),
    "hubspot": ("hs_email", "hs", "HubSpot"), "newsletter": ("Newsletter", "newsletter", "hs"),
    "youtube": ("YouTube", "youtube", "youtube"), "g2": ("G2", "g2", "g2.com"),
    "capterra": ("Capterra", "capterra", "capterra"), "partner": ("Partner", "partners", "partner"),
}  # fmt: skip
_MEDIUM_DRIFT = {
    "cpc": ("ppc", "paid-search", "CPC"),
    "paid_social": ("paid-social", "cpc_social", "paidsocial"),
    "display": ("Display", "banner", "display"), "email": ("e-mail", "Email", "mail"),
    "social": ("Social", "social", "social"), "referral": ("Referral", "referral", "referral"),
    "affiliate": ("Affiliate", "affiliate", "partner"),
}  # fmt: skip
VARIANTS = 6


@dataclass
class Campaigns:
    """One entry per campaign; `channel` is a channel number or -1 for events and webinars."""

    name: list[str]
    written: list[str]  # as the CRM and the ad platform hold it: drifted for some
    drifted: Bools
    channel: Ints
    source: list[str]
    medium: list[str]
    kind: list[str]
    start: Ints
    end: Ints
    budget: Ints

    def __len__(self) -> int:
        return len(self.name)

    def of(self, channel: str) -> Ints:
        """Numbers of the campaigns of one channel ('' for webinars and events)."""
        wanted = CHANNELS.index(channel) if channel else -1
        return np.flatnonzero(self.channel == wanted)


def drift(name: str, kind: int) -> str:
    """One of the ways people break `<Program>_<Segment>_<Qn-YYYY>_<Name>`."""
    parts = name.split("_")
    if kind == 0:
        return name.lower()
    if kind == 1:
        return name.replace("_", " ")
    if kind == 2:
        return "_".join(parts[:1] + parts[2:])
    if kind == 3:
        return "_".join([parts[0], parts[2], parts[1], parts[3]])
    if kind == 4:
        return "_".join([parts[0], parts[1], parts[2].replace("-", ""), parts[3]])
    return parts[0][:-2] + parts[0][-1] + parts[0][-2] + "_" + "_".join(parts[1:])


def link_rows(campaigns: Campaigns) -> list[tuple[int, int, str, str, str, str]]:
    """(campaign, variant, source, medium, campaign, content); variant 0 keeps the convention."""
    rows = []
    for number, name in enumerate(campaigns.name):
        source, medium = campaigns.source[number], campaigns.medium[number]
        content = name.rsplit("_", 1)[-1].lower()
        rows.append((number, 0, source, medium, name, content))
        for kind in range(VARIANTS):
            drifted = (
                (source, medium, drift(name, kind), content)
                if kind % 2 == 0 or not source
                else (
                    _SOURCE_DRIFT[source][kind // 2],
                    _MEDIUM_DRIFT[medium][kind // 2],
                    name if kind == 1 else drift(name, kind),
                    content,
                )
            )
            rows.append((number, kind + 1, *drifted))
    return rows


def build_campaigns(span: Window, rates: Rates, seed: int) -> Campaigns:
    """Standing campaigns per quarter and channel, and one webinar or event a month."""
    gen = rng(seed, "campaigns")
    rows: list[tuple[str, int, str, str, str, int, int]] = []
    quarters: dict[tuple[int, int], list[int]] = {}
    for (year, month), start in zip(span.months, span.month_starts, strict=True):
        quarters.setdefault((year, (month + 2) // 3), []).append(start)
    ends = dict(zip(span.month_starts, (*span.month_starts[1:], span.end), strict=True))
    for (year, quarter), starts in quarters.items():
        label = f"Q{quarter}-{year}"
        begin, end = starts[0], ends[starts[-1]]
        for channel, (program, words) in _NAMES.items():
            for position, word in enumerate(words.split()):
                source, medium = _LINKS[channel][position % len(_LINKS[channel])]
                segment = SEGMENTS[int(gen.integers(0, 4))]
                name = f"{program}_{segment}_{label}_{word}"
                kind = "Email" if channel == "email" else "Advertisement"
                rows.append((name, CHANNELS.index(channel), source, medium, kind, begin, end))
        for position, start in enumerate(starts):
            webinar = position % 3 != 2
            program, word = ("Webinar", "Live-Session") if webinar else ("Event", "Summit")
            segment = SEGMENTS[int(gen.integers(0, 4))]
            name = f"{program}_{segment}_{label}_{word}-{position + 1}"
            rows.append(
                (name, -1, "", "", "Webinar" if webinar else "Conference", start, ends[start])
            )
    count = len(rows)
    drifted = np.zeros(count, dtype=bool)
    drifted[gen.permutation(count)[: round(count * rates.utm_drift)]] = True
    kinds = gen.integers(0, VARIANTS, count)
    written = [drift(row[0], int(kinds[i])) if drifted[i] else row[0] for i, row in enumerate(rows)]
    return Campaigns(
        name=[row[0] for row in rows], written=written, drifted=drifted,
        channel=np.array([row[1] for row in rows], dtype=np.int64),
        source=[row[2] for row in rows], medium=[row[3] for row in rows],
        kind=[row[4] for row in rows],
        start=np.array([row[5] for row in rows], dtype=np.int64),
        end=np.array([row[6] for row in rows], dtype=np.int64),
        budget=(np.exp(gen.normal(8.6, 0.5, count)) // 100 * 100).astype(np.int64),
    )  # fmt: skip
