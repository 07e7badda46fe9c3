"""Database servers that tests start, stop and configure, on free ports."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT, SIGQUIT, SIGTERM
from typing import Any

from tests.services import skip_or_fail


def find_program(name: str) -> str:
    """Return the path of a server's program, which Debian does not put into PATH."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin", *map(str, homes)])
    program = shutil.which(name, path=path)
    if program is None:
        skip_or_fail(f"{name} is not installed")
    # /usr/local/bin may hold a link to a wrapper that expects Debian's own clusters.
    return str(next((home / name for home in homes if (home / name).exists()), program))


class OwnServer:
    """A server with its data in a directory of its own."""

    # Stops the server without waiting for its clients.
    signal = SIGTERM

    def __init__(self, directory: str) -> None:
        """Create the data."""
        self.directory, self.data = directory, f"{directory}/data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        shutil.chown(directory, self.user)
        self.run(*self.get_install_command())

    @property
    def user(self) -> str:
        """The user who runs the server: PostgreSQL does not start as root."""
        raise NotImplementedError

    def get_install_command(self) -> list[str]:
        """Return the command that creates the data."""
        raise NotImplementedError

    def get_command(self) -> list[str]:
        """Return the command that starts the server."""
        raise NotImplementedError

    def run(self, *command: str) -> None:
        """Run a command as the server's user."""
        subprocess.run(
            command, user=self.get_uid(), cwd=self.directory, check=True, capture_output=True
        )

    def get_uid(self) -> str | None:
        """Return the user to run commands as, which only root can choose."""
        return self.user if os.getuid() == 0 else None

    def start(self, *options: str) -> None:
        """Start the server, and wait until it listens."""
        with open(f"{self.directory}/log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.get_command(), *options],
                user=self.get_uid(),
                cwd=self.directory,
                stdout=log,
                stderr=log,
            )
        for _ in range(1500):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self.process.poll() is None, Path(f"{self.directory}/log").read_text()
                time.sleep(0.02)
            else:
                return
        raise AssertionError(Path(f"{self.directory}/log").read_text())

    def stop(self) -> None:
        """Stop the server, even if clients are connected."""
        if self.process is not None:
            self.process.send_signal(self.signal)
            self.process.wait(timeout=60)
            self.process = None


class PostgreSQL(OwnServer):
    """A PostgreSQL, which can be a standby without a primary."""

    signal = SIGQUIT

    @property
    def user(self) -> str:
        return "postgres" if os.getuid() == 0 else getpass.getuser()

    def get_install_command(self) -> list[str]:
        options = ["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8"]
        return [find_program("initdb"), *options, self.data]

    def get_command(self) -> list[str]:
        places = ["-D", self.data, "-p", str(self.port), "-k", self.directory]
        return [find_program("postgres"), *places, "-c", "fsync=off", "-h", "127.0.0.1"]

    def be_standby(self, is_standby: bool) -> None:
        """Make the server recover for ever, or not."""
        if is_standby:
            self.run("touch", f"{self.data}/standby.signal")
        else:
            os.unlink(f"{self.data}/standby.signal")

    def shut_down(self) -> None:
        """Stop the server in an orderly way, which recovery as a standby requires."""
        assert self.process is not None
        self.process.send_signal(SIGINT)
        self.process.wait(timeout=60)
        self.process = None


class MariaDB(OwnServer):
    """A MariaDB."""

    @property
    def user(self) -> str:
        return getpass.getuser()

    def get_options(self) -> list[str]:
        """Return the options of both commands."""
        return ["--no-defaults", f"--datadir={self.data}", f"--user={self.user}"]

    def get_install_command(self) -> list[str]:
        options = [*self.get_options(), "--auth-root-authentication-method=normal"]
        return [find_program("mariadb-install-db"), *options, "--skip-test-db"]

    def get_command(self) -> list[str]:
        places = [f"--port={self.port}", f"--socket={self.directory}/socket"]
        quick = ["--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"]
        options = [*self.get_options(), *places, *quick, "--bind-address=127.0.0.1"]
        return [find_program("mariadbd"), *options, f"--pid-file={self.directory}/pid"]


@contextmanager
def own_server(cls: type[Any]) -> Iterator[Any]:
    """Create a server, and delete it at the end."""
    # Not below pytest's directory, which only its own user may enter.
    directory = tempfile.mkdtemp(prefix="apierrors-")
    server = None
    try:
        server = cls(directory)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(directory, ignore_errors=True)
