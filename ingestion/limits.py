"""How long a source may be silent, as its YAML declares it for dbt and for us."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Period(_Declared):
    """A length of time as dbt writes it."""

    count: float = Field(gt=0)
    period: Literal["minute", "hour", "day"]

    @property
    def days(self) -> float:
        """Its length in days."""
        return self.count / {"minute": 1440, "hour": 24, "day": 1}[self.period]


class Freshness(_Declared):
    """How old a source's last event may be: late after the one, stale after the other."""

    warn_after: Period | None = None
    error_after: Period | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "Freshness":
        warn, error = self.warn_after, self.error_after
        if warn and error and warn.days > error.days:
            raise ValueError("expected warn_after to come before error_after")
        return self
