"""The signed ids of operations: their owners, and the facts that they hide from clients."""

from __future__ import annotations

import base64
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import SimpleLazyObject
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from django_apierrors.operations.handles import (
    find_owner,
    make_handle,
    read_handle,
    sign_handle,
)
from tests.models import Shelf


class ProxyShelf(Shelf):
    class Meta:
        app_label = "tests"
        proxy = True


class Service:
    """A user that is not a model instance, as JWT authentication makes one."""

    is_authenticated = True
    pk = "billing"


def make_request(user: Any, credential: Any) -> Request:
    request = Request(APIRequestFactory().get("/"))
    request.user, request.auth = user, credential
    return request


def test_an_owner_is_the_user_or_else_the_credential() -> None:
    user = "django.contrib.auth.models.User:7"
    owners: list[tuple[Any, Any, str | None]] = [
        (AnonymousUser(), None, None),
        (None, None, None),
        (User(pk=7), None, user),
        (User(pk=7), Service(), user),
        (SimpleLazyObject(lambda: User(pk=7)), None, user),
        (ProxyShelf(pk=7), None, "tests.models.Shelf:7"),
        (Service(), None, f"{__name__}.Service:billing"),
        (AnonymousUser(), Shelf(pk=3), "tests.models.Shelf:3"),
        (None, "a key", "credential:'a key'"),
    ]
    for user, credential, owner in owners:
        assert find_owner(make_request(user, credential)) == owner


def test_an_authenticated_client_without_a_key_is_not_anonymous() -> None:
    for user, credential in [(SimpleNamespace(is_authenticated=True), None), (None, {"a": 1})]:
        with pytest.raises(ImproperlyConfigured, match=r"get_caller\(\)"):
            find_owner(make_request(user, credential))


# The ids of the task backends: a UUID of django-tasks-db and Celery, the characters of RQ.
RESULT_IDS = [
    "0a8b5c3e-7d1f-4e2a-9b6c-3d4e5f607182",
    "00000000-0000-0000-0000-000000000000",
    "0Zz" + "aB3" * 9 + "9Z",
    "0" * 32,
    "Z" * 32,
]
OTHER_IDS = ["1", "", "task-ü", "0A8B5C3E-7D1F-4E2A-9B6C-3D4E5F607182", "x" * 100]
OWNER = "django.contrib.auth.models.User:4711"


@pytest.mark.parametrize("result_id", RESULT_IDS)
def test_a_handle_is_short_and_is_not_escaped_in_a_url(result_id: str) -> None:
    signed = sign_handle(make_handle("default", result_id), OWNER)

    assert re.fullmatch(r"[\w-]{1,59}", signed, re.ASCII)


@pytest.mark.parametrize("result_id", [*RESULT_IDS, *OTHER_IDS])
def test_a_handle_is_read_by_its_owner_only(result_id: str) -> None:
    handle = make_handle("default", result_id)
    signed = sign_handle(handle, OWNER)

    assert read_handle(signed, OWNER) == handle
    assert read_handle(signed, OWNER[:-1]) is read_handle(signed, None) is None
    assert read_handle(sign_handle(handle, None), OWNER) == handle
    content = base64.urlsafe_b64decode(signed + "=" * (-len(signed) % 4))
    assert b"4711" not in content
    assert b"default" not in content
