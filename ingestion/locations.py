"""Where exports lie: a URI, the library that speaks its protocol, and the login for it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ingestion.errors import FetchFailed, InboxError
from ingestion.logins import Login, find_login, variable


class _Backend(NamedTuple):
    """A protocol's fsspec class, the extra that installs it, and how it says that it failed."""

    filesystem: str
    extra: str = ""
    errors: tuple[str, ...] = ()
    walks: bool = False
    """A listing goes folder by folder, so it can miss one unless told to raise."""


BACKENDS = {
    "file": _Backend("fsspec.implementations.local:LocalFileSystem", walks=True),
    "s3": _Backend(
        "s3fs:S3FileSystem",
        "s3",
        (
            "botocore.exceptions:BotoCoreError",
            "botocore.exceptions:ClientError",
            "aiohttp:ClientError",
        ),
    ),
    "gs": _Backend(
        "gcsfs:GCSFileSystem",
        "gcs",
        ("gcsfs.retry:HttpError", "google.auth.exceptions:GoogleAuthError", "aiohttp:ClientError"),
    ),
    "abfs": _Backend("adlfs:AzureBlobFileSystem", "azure", ("azure.core.exceptions:AzureError",)),
    "sftp": _Backend("sshfs:SSHFileSystem", "sftp", ("asyncssh:Error",), walks=True),
}
_URI = re.compile(r"^([a-z][a-z0-9+.-]*)://(.*)$", re.DOTALL)
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Location:
    """A folder or file that a URI names; the URI holds no password."""

    uri: str
    protocol: str
    host: str
    """Bucket, container@account, or user@host:port; empty for `file`."""
    path: str
    """As the protocol's library takes it: `bucket/folder` or `/folder`."""

    @property
    def place(self) -> str:
        """Bucket, container or host name alone."""
        if self.protocol == "sftp":
            return self.host.rpartition("@")[2].partition(":")[0]
        return self.host.partition("@")[0]

    @property
    def connections(self) -> tuple[str, ...]:
        """Airflow connections that may hold its login, the one of this very place first."""
        name = re.sub(r"[^a-z0-9]+", "_", self.place.lower()).strip("_")
        return f"onefold_{self.protocol}_{name}", f"onefold_{self.protocol}"

    def named(self, file: str) -> str:
        """The URI of one file below it."""
        return f"{self.uri.rstrip('/')}/{file}" if file else self.uri


def is_uri(text: str) -> bool:
    """Is it a URI rather than a path?"""
    return bool(_URI.match(text))


def parse(uri: str) -> Location:
    """Read a URI. InboxError says what is wrong without showing what could be a password."""
    match = _URI.match(uri)
    if not match or match[1] not in BACKENDS:
        shown = f"{match[1]}://…" if match else "no URI"
        raise InboxError(f"expected {'://, '.join(BACKENDS)}://, got {shown}")
    protocol, rest = match.groups()
    host, _, path = rest.partition("/")
    if _has_secret(protocol, host, path):
        raise InboxError(
            f"{protocol}://…: expected a URI without a password or key; put it into the Airflow "
            f"connection {variable(f'onefold_{protocol}')} (docs/how_to_land_from_a_bucket.md)"
        )
    if protocol == "file" and host not in ("", "localhost"):
        raise InboxError(f"expected file:///folder, got file://{host}/…")
    if protocol != "file" and not host:
        raise InboxError(f"expected {protocol}://host/folder, got no host")
    below = path.strip("/")
    if protocol in ("file", "sftp"):
        return Location(uri.rstrip("/"), protocol, host if protocol == "sftp" else "", f"/{below}")
    found = Location(uri.rstrip("/"), protocol, host, "")
    return replace(found, path=f"{found.place}/{below}".rstrip("/"))


def _has_secret(protocol: str, host: str, path: str) -> bool:
    """A password before the host, one with a slash in it, or a signature behind the path."""
    user, _, name = host.rpartition("@")
    if protocol == "sftp":
        cut_by_a_slash = "@" in path and ":" in name
        port = name.partition(":")[2]
        return ":" in user or cut_by_a_slash or not (port.isdigit() or not port)
    signed = re.search(r"[?&](sig|token|key|x-[a-z]+-signature)=", path, re.IGNORECASE)
    return ":" in host or bool(signed) or (bool(user) and protocol != "abfs")


class Remote:
    """A location with the library and the login for it; InboxError where either is not right.

    Every failure to reach it comes out as FetchFailed.
    """

    def __init__(self, location: Location) -> None:
        self.location = location
        self._backend = BACKENDS[location.protocol]
        self._kind = _load(self._backend.filesystem, self._backend.extra, location)
        self._errors = (
            OSError,
            *(_load(name, self._backend.extra, location) for name in self._backend.errors),
        )
        login = find_login(*location.connections) if location.protocol != "file" else None
        self._secrets = login.secrets if login else ()
        self._options = _options(location, login)

    @cached_property
    def fs(self) -> Any:
        """The open file system; some connect when it is made. Call inside `failing`."""
        try:
            return self._kind(**self._options, skip_instance_cache=True)
        except ValueError as error:  # how the libraries say that a login does not add up
            raise FetchFailed(f"cannot be opened: {self._reason(error)}") from None

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Turn the library's errors into FetchFailed with the reason."""
        try:
            yield
        except self._errors as error:
            raise FetchFailed(f"cannot be fetched: {self._reason(error)}") from None

    def _reason(self, error: Exception) -> str:
        text = " ".join((getattr(error, "strerror", None) or str(error)).split())
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return f"{text[:200]} ({type(error).__name__})" if text else type(error).__name__

    def find(self) -> dict[str, dict[str, Any]]:
        """Every file below, by path, as fsspec describes it. FetchFailed if one cannot be seen."""
        options = {"on_error": "raise"} if self._backend.walks else {}
        with self.failing():
            if self._backend.walks and self.fs.info(self.location.path)["type"] != "directory":
                raise NotADirectoryError(None, "is a file, not a folder")
            found = self.fs.find(self.location.path, detail=True, **options)
            return {path: self._followed(path, info) for path, info in found.items()}

    def info(self, path: str) -> dict[str, Any]:
        """One file as it is now. Call inside `failing`."""
        self.fs.invalidate_cache()
        found: dict[str, Any] = self.fs.info(path)
        return found

    def _followed(self, path: str, info: dict[str, Any]) -> dict[str, Any]:
        """What a link points at; a broken one stays a link."""
        if info["type"] != "link" and not info.get("islink"):
            return info
        try:
            return self.info(path)
        except self._errors:
            return info | {"type": "link"}


def _load(name: str, extra: str, location: Location) -> Any:
    module, _, attribute = name.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except ImportError as error:
        raise InboxError(
            f"{location.uri}: expected the package {error.name or module}, which is not "
            f"installed; in the repository: uv pip install -e '.[{extra}]'"
        ) from None


def _options(location: Location, login: Login | None) -> dict[str, Any]:
    """What the protocol's class is called with; without a login its own usual places count."""
    extra: Mapping[str, Any] = login.extra if login else {}
    if location.protocol == "s3":
        options = {
            "key": login.login if login else None,
            "secret": login.password if login else None,
            "token": extra.get("aws_session_token"),
            "profile": extra.get("profile_name") or extra.get("profile"),
            "endpoint_url": extra.get("endpoint_url"),
            "client_kwargs": _given({"region_name": extra.get("region_name")}),
        }
        return _given(options) | {"use_listings_cache": False}
    if location.protocol == "gs":
        options = {
            "token": _keyfile(extra) or extra.get("key_path") or extra.get("token"),
            "project": extra.get("project") or extra.get("project_id"),
        }
        return _given(options) | {"use_listings_cache": False}
    if location.protocol == "abfs":
        named = {k: extra.get(k) for k in ("connection_string", "sas_token", "tenant_id")}
        named |= {k: extra.get(k) for k in ("client_id", "client_secret", "account_host")}
        account = location.host.partition("@")[2].partition(".")[0]
        options = named | {
            "account_name": account or (login.login if login else None),
            "account_key": login.password if login else None,
        }
        return _given(options) | {"anon": False, "use_listings_cache": False}
    return _sftp(location, login, extra) if location.protocol == "sftp" else {}


def _keyfile(extra: Mapping[str, Any]) -> Any:
    import json

    value = extra.get("keyfile_dict")
    return json.loads(value) if isinstance(value, str) and value else value


def _sftp(location: Location, login: Login | None, extra: Mapping[str, Any]) -> dict[str, Any]:
    uri = urlsplit(f"sftp://{location.host}")
    keys: list[Any] = [extra["key_file"]] if extra.get("key_file") else []
    if extra.get("private_key"):
        import asyncssh

        try:
            passphrase = extra.get("private_key_passphrase")
            keys.append(asyncssh.import_private_key(extra["private_key"], passphrase))
        except (asyncssh.KeyImportError, ValueError):
            raise InboxError(
                f"connection {login.name if login else ''}: expected a private key in OpenSSH or "
                "PEM form in its extra, with private_key_passphrase if it has one"
            ) from None
    options = {
        "host": uri.hostname,
        "port": uri.port or (login.port if login else None),
        "username": uri.username or (login.login if login else None),
        "password": login.password if login else None,
        "client_keys": keys,
        "connect_timeout": _TIMEOUT_SECONDS,
        "login_timeout": _TIMEOUT_SECONDS,
    }
    # sshfs takes any host unless told whom to trust; () is the user's own known_hosts file.
    trusted = extra.get("host_key")
    return _given(options) | {"known_hosts": f"* {trusted}\n".encode() if trusted else ()}


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value}
