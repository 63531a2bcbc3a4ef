"""Places that exports come from, running here: S3 (moto) and an SFTP server."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import boto3
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

KEY, SECRET = "AKIAEXAMPLE", "s3cr3t-canary"


@dataclass
class Bucket:
    """A bucket of an S3 of our own, seen through boto3, which the code under test does not use."""

    name: str
    endpoint: str
    client: Any = field(repr=False)

    @property
    def connection(self) -> str:
        """AIRFLOW_CONN_… for it."""
        extra = {"endpoint_url": self.endpoint, "region_name": "us-east-1"}
        return json.dumps({"conn_type": "aws", "login": KEY, "password": SECRET, "extra": extra})

    def put(self, key: str, body: bytes | str) -> None:
        """Write one object."""
        body = body.encode() if isinstance(body, str) else body
        self.client.put_object(Bucket=self.name, Key=key, Body=body)

    def files(self) -> list[str]:
        """What is in it."""
        listed = self.client.list_objects_v2(Bucket=self.name)
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def other(self, name: str) -> "Bucket":
        """Another bucket of the same S3."""
        self.client.create_bucket(Bucket=name)
        return Bucket(name, self.endpoint, self.client)


@contextmanager
def s3() -> Iterator[Bucket]:
    """An S3 on loopback with one empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1",
            aws_access_key_id=KEY, aws_secret_access_key=SECRET,
        )  # fmt: skip
        client.create_bucket(Bucket="exports")
        yield Bucket("exports", endpoint, client)
    finally:
        server.stop()


@dataclass
class SftpServer:
    """An SFTP server on loopback whose root is a folder here."""

    root: Path
    port: int
    host_key: str
    client_key: str = field(repr=False)

    def connection(self, **changed: Any) -> str:
        """AIRFLOW_CONN_… for it; `changed` replaces parts of the extra."""
        extra = {"host_key": self.host_key, "private_key": self.client_key} | changed
        return json.dumps({"conn_type": "sftp", "login": "vendor", "extra": extra})


class _PasswordAuth(asyncssh.SSHServer):
    """Takes the client key it is started with, and one password."""

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("vendor", SECRET)


@contextmanager
def sftp(root: Path) -> Iterator[SftpServer]:
    """Serve `root` from a thread with an event loop of its own."""
    host, client = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    authorized = root.parent / "authorized_keys"
    authorized.write_bytes(client.export_public_key())
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    class Files(asyncssh.SFTPServer):
        """Sees nothing above the root."""

        def __init__(self, channel: Any) -> None:
            super().__init__(channel, chroot=str(root).encode())

    async def listen() -> Any:
        return await asyncssh.listen(
            "127.0.0.1", 0, server_factory=_PasswordAuth, server_host_keys=[host],
            authorized_client_keys=str(authorized), sftp_factory=Files,
        )  # fmt: skip

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(30)
    try:
        yield SftpServer(
            root,
            server.get_port(),
            host.export_public_key().decode().strip(),
            client.export_private_key().decode(),
        )
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
