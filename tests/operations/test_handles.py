"""Handles: what a client may read in one, and who can use it."""

from __future__ import annotations

import base64

from django_apierrors.operations import handles
from django_apierrors.operations.handles import make_handle, read_handle, sign_handle


def test_a_handle_says_nothing_of_its_caller() -> None:
    handle = make_handle("tests.tasks.add", "default", "1")
    text = sign_handle(handle, "django.contrib.auth.models.User:4711")
    payload = text.partition(handles.SEPARATOR)[0]

    assert b"4711" not in base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    assert read_handle(text, "django.contrib.auth.models.User:4711") == handle
    assert read_handle(text, "django.contrib.auth.models.User:471") is None
