"""Settings of the benchmark of load: those of the demo, and a header that tells requests apart."""

from __future__ import annotations

from example_project.demo.settings import *  # noqa: F403
from example_project.demo.settings import DATABASES, MIDDLEWARE

# Ours stays the first, so an error that it rewrites must keep the header.
MIDDLEWARE = [MIDDLEWARE[0], "benchmarks.load_project.EchoMiddleware", *MIDDLEWARE[1:]]

# What is measured is not how fast a disk is.
DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF"
