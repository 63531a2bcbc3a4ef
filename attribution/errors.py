"""Errors of the attribution room; messages never hold what was asked for or personal data."""

from warehouse.errors import OnefoldError


class AttributionError(OnefoldError):
    """Journeys, conversions or rules that attribution cannot use; the message says what to do."""


class ConversionNotFound(AttributionError):
    """No conversion has the id that was asked for."""


class HoldoutsRefused(AttributionError):
    """A file of assignments that contradicts itself or earlier ones, or cannot be read."""


class RunNotRecorded(AttributionError):
    """No recorded run has the id that was asked for."""
