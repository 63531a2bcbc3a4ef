"""Errors of the identity room; messages never hold an identifier's value."""

from warehouse.errors import OnefoldError


class IdentityError(OnefoldError):
    """People could not be resolved."""


class PersonNotFound(IdentityError):
    """Nobody is known under what was asked for."""
