"""What can be wrong with a declaration or a file. Messages never hold a cell's value."""

from warehouse.errors import OnefoldError


class IngestionError(OnefoldError):
    """Base of every error of this room."""


class DeclarationError(IngestionError):
    """A source's YAML cannot be used; the message names file, table, column and key."""


class FileRefused(IngestionError):
    """The file as a whole must not be loaded; it is tried again at every run."""


class FileMoved(IngestionError):
    """The file changed while it was read: somebody is still writing it. The next run takes it."""


class InboxError(IngestionError):
    """A place that exports come from is not set up right; the message never holds a secret."""


class FetchFailed(IngestionError):
    """One file, or one place's listing, could not be fetched; the others go on."""
