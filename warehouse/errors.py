"""Errors that a person reads: what was expected, what came, what to do."""


class OnefoldError(Exception):
    """Base of every error Onefold raises on purpose. The message never holds personal data."""


class SettingsError(OnefoldError):
    """A variable of the environment has a value that cannot be used; the message names it."""


class WarehouseError(OnefoldError):
    """The warehouse could not be opened, built or published."""


class WarehouseBusy(WarehouseError):
    """Another process held the warehouse for longer than the time-out."""


class DbtFailed(WarehouseError):
    """A dbt build ended with failed nodes; the message names them."""
