"""Settings of the long run of the fuzzer: those of the tests, with a database in a file."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403

DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["BENCHMARK_DATABASE"]}
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    # Every record is put into words, which nobody reads.
    "handlers": {"nowhere": {"class": "logging.FileHandler", "filename": os.devnull}},
    "root": {"handlers": ["nowhere"], "level": "DEBUG"},
    "loggers": {"django": {"handlers": ["nowhere"], "level": "INFO", "propagate": False}},
}
