"""A PostgreSQL server of the benchmark's own, in a temporary directory, to be stopped at will."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from example_project.demo.server import HOST
from example_project.demo.server import find_free_port as free_port

DEBIAN = "/usr/lib/postgresql"
USER = "postgres"
"""The database's user; and, since PostgreSQL does not run as root, root's stand-in."""


def find_program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs; Debian keeps them out of `PATH`."""
    found = shutil.which(name) or max(map(str, Path(DEBIAN).glob(f"*/bin/{name}")), default=None)
    if found is None:
        raise FileNotFoundError(f"{name} is neither in PATH nor below {DEBIAN}")
    return found


def run(name: str, *arguments: str, directory: Path) -> None:
    """Run one of PostgreSQL's programs; raise CalledProcessError where it fails."""
    owner: dict[str, Any] = {"user": USER, "group": USER} if os.geteuid() == 0 else {}
    subprocess.run(
        [find_program(name), *arguments],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        extra_groups=[] if owner else None,
        **owner,
    )


@dataclass(frozen=True)
class Instance:
    """A server that may run or not."""

    directory: Path
    port: int

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        options = f"-p {self.port} -h {HOST} -k '' -c max_connections=200"
        self.control("start", "-o", options, "-l", str(self.directory / "log"))

    def stop(self, mode: str = "fast") -> None:
        """Stop it; `immediate` is a crash, after which it has to recover."""
        self.control("stop", "-m", mode)

    def control(self, *arguments: str) -> None:
        """Have pg_ctl do something, and wait until it is done."""
        data = str(self.directory / "data")
        run("pg_ctl", "-D", data, "-w", "-t", "60", *arguments, directory=self.directory)

    def connect(self) -> psycopg.Connection[Any]:
        """Return a connection of the benchmark's own."""
        return psycopg.connect(
            host=HOST, port=self.port, user=USER, dbname="postgres", autocommit=True
        )


@contextmanager
def postgresql(directory: Path) -> Iterator[Instance]:
    """Run a server until the block ends."""
    instance = Instance(directory, free_port())
    if os.geteuid() == 0:
        shutil.chown(directory, USER, USER)
    options = ("--username", USER, "--auth", "trust", "--no-sync")
    run("initdb", "-D", str(directory / "data"), *options, directory=directory)
    instance.start()
    try:
        yield instance
    finally:
        instance.stop("immediate")
