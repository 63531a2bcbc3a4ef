"""What can go wrong in this room."""

from warehouse.errors import OnefoldError


class SimulatorError(OnefoldError):
    """The simulation cannot be written as asked."""
