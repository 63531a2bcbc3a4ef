"""Errors of the activation room. Messages name syncs, counts and keys of files, never people."""

from warehouse.errors import OnefoldError


class ActivationError(OnefoldError):
    """Base of every error that activation raises on purpose."""


class SyncConfigError(ActivationError):
    """`activation/syncs.yml` does not say what a sync needs."""


class ConnectionInvalid(ActivationError):
    """A connection is there but cannot be used; the message never holds its values."""


class PlanError(ActivationError):
    """A sync model cannot be planned: missing, or its keys are null or repeated."""


class PlanStale(ActivationError):
    """Something was sent for this sync after the plan was made."""


class GuardStopped(ActivationError):
    """A guard stopped a sync before its first call; the message says how to approve it."""
