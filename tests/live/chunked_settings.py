"""Settings of a project whose clients send bodies in chunks; all parts, or the two lines alone."""

from __future__ import annotations

import os

from tests.live.server_settings import *  # noqa: F403
from tests.live.server_settings import MIDDLEWARE, REST_FRAMEWORK

ROOT_URLCONF = "tests.live.test_chunked_bodies"

if os.environ.get("PARTS") == "handler":
    MIDDLEWARE = MIDDLEWARE[1:]
    REST_FRAMEWORK = {"EXCEPTION_HANDLER": REST_FRAMEWORK["EXCEPTION_HANDLER"]}
