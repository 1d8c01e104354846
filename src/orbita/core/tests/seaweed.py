"""A real S3 server for tests: SeaweedFS, whose program comes as a wheel with the tools of developers."""

import json
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

KEY_ID, SECRET, BUCKET = "orbita-key", "orbita-secret-5Zr", "backups"
PATIENCE = 90.0
PORTS = ("master", "volume", "filer", "s3")


def find_weed() -> str | None:
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.exists() else shutil.which("weed")


class Seaweed:
    """Master, volume, filer and S3 gateway in one process, with an empty bucket; all on 127.0.0.1."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder, self._program = folder, program
        self._process: subprocess.Popen[bytes] | None = None
        with ExitStack() as held:
            sockets = [held.enter_context(socket.socket()) for _ in range(2 * len(PORTS))]
            for one in sockets:
                one.bind(("127.0.0.1", 0))
            self._ports = [one.getsockname()[1] for one in sockets]
        self.endpoint = f"http://127.0.0.1:{self._ports[2 * PORTS.index('s3')]}"
        identity = {
            "name": "orbita",
            "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        (folder / "data").mkdir()

    @property
    def settings(self) -> dict[str, str]:
        """The environment of an Orbita that sends its backups here."""
        return {
            "ORBITA_S3_ENDPOINT": self.endpoint,
            "ORBITA_S3_BUCKET": BUCKET,
            "ORBITA_S3_PREFIX": "orbita/main",
            "ORBITA_S3_KEY_ID": KEY_ID,
            "ORBITA_S3_SECRET": SECRET,
        }

    def store(self, prefix: str = "orbita/main") -> S3Store:
        """A client that knows nothing of Orbita's own."""
        return S3Store(
            BUCKET,
            prefix=prefix,
            endpoint=self.endpoint,
            access_key_id=KEY_ID,
            secret_access_key=SECRET,
            region="us-east-1",
            client_options={"allow_http": True},
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=5)},
        )

    def start(self) -> None:
        command = [self._program, "-v=0", "server", f"-dir={self.folder / 'data'}"]
        command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"]
        # Nothing that listens on a fixed port, and no word to anybody.
        command += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]
        command += [f"-s3.config={self.folder / 's3.json'}", "-volume.max=0"]
        command += ["-master.volumeSizeLimitMB=256"]
        for number, name in enumerate(PORTS):
            command += [f"-{name}.port={self._ports[2 * number]}"]
            command += [f"-{name}.port.grpc={self._ports[2 * number + 1]}"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self._wait()

    def _wait(self) -> None:
        """Until a file can be written: making it makes the bucket too."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                obstore.put(self.store("ready"), "probe", b"probe")
                return
            except (BaseError, OSError):
                if time.monotonic() > end:
                    raise RuntimeError((self.folder / "log").read_text()[-2000:]) from None
                time.sleep(0.1)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
