"""Errors of the gates. A gate that says no is a verdict, not an error."""

from warehouse.errors import OnefoldError


class ExpectationsError(OnefoldError):
    """A gate is set up wrongly: a rule row, a suite or a name that cannot be used."""


class EngineMoved(ExpectationsError):
    """Great Expectations is not the version that `expectations.engine` was written for."""
