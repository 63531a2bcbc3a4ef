"""Every rate of the invented company in one table; docs/simulator.md explains them."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Rates:
    """Shares between 0 and 1 unless the name or comment says otherwise."""

    # ---- identity noise
    email_typo: float = 0.03  # of e-mail addresses typed by a human into a form or a lead
    shared_inbox: float = 0.02  # of people, half in teams, half in families
    shared_device: float = 0.04  # of people, in pairs
    junk_identifier: float = 0.01  # of records whose e-mail, phone, user id or device is junk
    personal_email: float = 0.20  # of employed people who also use a personal address
    job_change_per_year: float = 0.05  # of employed people
    loyalty_id: float = 0.10  # of people
    phone: float = 0.62  # of people who ever give one
    duplicate_lead: float = 0.12  # of leads
    duplicate_hubspot_contact: float = 0.05  # of HubSpot contacts
    second_device: float = 0.30  # of people; 0.07 of people have a third
    third_device: float = 0.07

    # ---- campaigns
    utm_drift: float = 0.15  # of campaign names, and of landings with UTM parameters
    refund: float = 0.08  # of won opportunities old enough, after 20 to 60 days

    # ---- population
    employed: float = 0.85  # of people; the others use only a personal address
    accounts_per_person: float = 0.13
    sessions_per_person_year: float = 1.00  # before the sessions of a deal
    deals_per_person_year: float = 0.018  # B2B deals with a buying committee of 6 to 10
    self_serve_per_person_year: float = 0.035  # small purchases by one person

    # ---- billing
    monthly_plan: float = 0.60  # of small purchases without a refund; the others pay for a year
    month_churn: float = 0.05  # of monthly plans, each month; of yearly ones, each year:
    year_churn: float = 0.15

    # ---- consent, of known people
    email_granted: float = 0.50
    email_withdrawn: float = 0.16
    email_pending: float = 0.08  # the rest is absent
    withdrawn_in_salesforce_only: float = 0.15  # of withdrawals
    analytics_granted: float = 0.68  # of people
    analytics_denied: float = 0.14
    analytics_withdrawn: float = 0.05  # the rest never sees the banner
    advertising_if_analytics: float = 0.70  # of those who granted analytics


RATES = Rates()

CHANNELS: tuple[str, ...] = (
    "paid_search",
    "paid_social",
    "display",
    "email",
    "organic_search",
    "referral",
    "organic_social",
    "ai_assistant",
    "direct",
)
"""Channel of a session; its position is the number used in every array."""

CHANNEL_MIX: tuple[float, ...] = (0.17, 0.10, 0.05, 0.14, 0.22, 0.07, 0.06, 0.04, 0.15)
"""Share of sessions; sums to 1."""

CHANNEL_EFFECT: tuple[float, ...] = (0.45, 0.15, -0.10, 0.55, 0.30, 0.70, 0.05, 0.60, 0.20)
"""What one session adds to the log-odds of becoming a lead, and of a deal being won."""


CHANNEL_DEAL_MIX: tuple[float, ...] = (0.12, 0.10, 0.05, 0.24, 0.13, 0.10, 0.06, 0.05, 0.15)
"""Share of the sessions along a deal; sums to 1."""


@dataclass(frozen=True)
class Media:
    """How often each channel is used and what a session through it does, in order of CHANNELS."""

    mix: tuple[float, ...] = CHANNEL_MIX
    deal_mix: tuple[float, ...] = CHANNEL_DEAL_MIX
    effect: tuple[float, ...] = CHANNEL_EFFECT


MEDIA = Media()


def as_rows(rates: Rates = RATES) -> list[tuple[str, float]]:
    """(name, value) of every rate, in the order of the table."""
    return [(field.name, float(getattr(rates, field.name))) for field in fields(rates)]
