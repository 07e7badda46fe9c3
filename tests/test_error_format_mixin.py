"""The format for one view, in a project whose other views keep the errors of DRF."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404
from django.test import Client
from django.urls import path
from pytest_django.fixtures import Settings
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.handler import ErrorFormatMixin
from tests.bodies import body

pytestmark = pytest.mark.urls(__name__)

RAISED = {
    "invalid": ValidationError({"name": ["Too long."]}),
    "missing": Http404(),
    "unhandled": RuntimeError("secret"),
}


class OldView(APIView):
    """Return or raise the error that the URL names."""

    renderer_classes = [JSONRenderer, BrowsableAPIRenderer]
    parser_classes = [JSONParser]

    def get(self, request: Any, name: str) -> Response:
        if name in RAISED:
            raise RAISED[name]
        if name == "returned":
            return Response({"reason": "Sold out."}, status=409)
        return Response({"reason": "It works."})


class NewView(ErrorFormatMixin, OldView):
    pass


class NewGenericView(ErrorFormatMixin, OldView, GenericAPIView):  # type: ignore[misc]
    pass


class OwnMixin(ErrorFormatMixin):
    pass


class OwnView(OwnMixin, OldView):
    def get_exception_handler(self) -> Any:
        return super().get_exception_handler()


urlpatterns = [
    path("own/<name>", OwnView.as_view()),
    path("old/<name>", OldView.as_view()),
    path("new/<name>", NewView.as_view()),
    path("generic/<name>", NewGenericView.as_view()),
]

INVALID = body("INVALID_CONTENT") | {"errors": ["name: Too long."]}
CONFLICT = {"status": 409, "errors": ["Sold out."], "code": "CONFLICT", "moreInfo": ""}


@pytest.fixture(autouse=True)
def stock_handler(settings: Settings) -> None:
    """Use DRF's handler and renderers for the project."""
    settings.REST_FRAMEWORK = {}
    settings.MIDDLEWARE = []


def get(url: str, **headers: str) -> Any:
    return Client(raise_request_exception=False).get(url, headers=headers)


@pytest.mark.parametrize("prefix", ["new", "generic"])
def test_only_the_views_with_the_mixin_have_the_format(prefix: str) -> None:
    assert get(f"/{prefix}/invalid").json() == INVALID
    assert get(f"/{prefix}/missing").json() == body("MISSING_RESOURCE")
    assert get(f"/{prefix}/returned").json() == CONFLICT
    assert get(f"/{prefix}/unhandled").json()["code"] == "INTERNAL_ERROR"
    assert get(f"/{prefix}/success").json() == {"reason": "It works."}

    assert get("/old/invalid").json() == {"name": ["Too long."]}
    assert get("/old/returned").json() == {"reason": "Sold out."}


def test_a_page_stays_a_page() -> None:
    for name, status in (("missing", 404), ("returned", 409)):
        response = get(f"/new/{name}", accept="text/html")

        assert response.status_code == status
        assert response["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("mixin", [ErrorFormatMixin, OwnMixin])
def test_a_class_with_the_mixin_after_the_view_is_rejected(mixin: type) -> None:
    expected = (
        f"ErrorFormatMixin must precede APIView. Write: class WrongView({mixin.__name__}, OldView)."
    )
    with pytest.raises(ImproperlyConfigured, match=re.escape(expected)):
        type("WrongView", (OldView, mixin), {})


def test_the_mixin_may_have_a_base_class_in_between(client: Client) -> None:
    assert client.get("/own/invalid").json() == INVALID
