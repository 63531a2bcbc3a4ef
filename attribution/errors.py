"""What attribution may raise."""

from warehouse.errors import OnefoldError


class AttributionError(OnefoldError):
    """Journeys, conversions or arguments that attribution cannot use."""
