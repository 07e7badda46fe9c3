"""Callers: who is told from whom."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import SimpleLazyObject
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from django_apierrors.operations.handles import identify_caller
from tests.models import Shelf


def make_request(user: Any, credential: Any = None) -> Request:
    """Return a request by that user with that credential."""
    request = Request(APIRequestFactory().get("/"))
    request.user, request.auth = user, credential
    return request


class ProxyShelf(Shelf):
    class Meta:
        app_label = "tests"
        proxy = True


class Service:
    """A caller that is no model: what a JWT stands for."""

    is_authenticated = True
    pk = "billing"


@pytest.mark.parametrize(
    ("user", "credential", "caller"),
    [
        (AnonymousUser(), None, None),
        (None, None, None),
        (User(pk=7), None, "django.contrib.auth.models.User:7"),
        (User(pk=7), Service(), "django.contrib.auth.models.User:7"),
        (ProxyShelf(pk=7), None, "tests.models.Shelf:7"),
        (SimpleLazyObject(lambda: User(pk=7)), None, "django.contrib.auth.models.User:7"),
        (Service(), None, f"{__name__}.Service:billing"),
        (AnonymousUser(), Shelf(pk=3), "tests.models.Shelf:3"),
        (None, "a key", "credential:'a key'"),
    ],
)
def test_a_caller_is_its_user_or_else_its_credential(
    user: Any, credential: Any, caller: str | None
) -> None:
    assert identify_caller(make_request(user, credential)) == caller


@pytest.mark.parametrize(
    ("user", "credential"),
    [(SimpleNamespace(is_authenticated=True), None), (None, {"scope": "all"})],
)
def test_a_caller_that_has_no_key_is_not_taken_for_an_anonymous_one(
    user: Any, credential: Any
) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Override get_caller\(\)"):
        identify_caller(make_request(user, credential))
