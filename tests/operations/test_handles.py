"""The signed ids of operations: their owners, and the data that a client can decode."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import SimpleLazyObject
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from django_apierrors.operations.handles import (
    SEPARATOR,
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


def test_a_handle_does_not_contain_its_owner() -> None:
    handle = make_handle("tests.operations.tasks.add", "default", "1")
    signed = sign_handle(handle, "django.contrib.auth.models.User:4711")
    payload = signed.partition(SEPARATOR)[0]

    assert b"4711" not in base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    assert read_handle(signed, "django.contrib.auth.models.User:4711") == handle
    assert read_handle(signed, "django.contrib.auth.models.User:471") is None
