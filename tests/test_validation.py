"""Validation: the errors of a serializer are raised without a copy, and are DRF's in all else."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import path
from rest_framework import serializers
from rest_framework.response import Response

from django_apierrors import generics, refusals
from django_apierrors.validation import spare_copy
from tests.bodies import body

pytestmark = pytest.mark.urls(__name__)

MISSING = "sku: This field is required."


class LineSerializer(serializers.Serializer[Any]):
    """One field."""

    sku = serializers.CharField()

    def create(self, validated_data: Any) -> Any:
        """Keep nothing."""
        return validated_data


class OwnSerializer(LineSerializer):
    """Says itself how it raises."""

    def is_valid(self, *, raise_exception: bool = False) -> bool:
        """Raise what DRF does not."""
        if not super().is_valid() and raise_exception:
            raise serializers.ValidationError({"sku": ["Of my own."]})
        return True


class LineView(generics.CreateAPIView):
    """Creates lines."""

    serializer_class: Any = LineSerializer


class OwnView(LineView):
    """Has a serializer with a method of its own."""

    serializer_class = OwnSerializer


class OtherView(LineView):
    """Has a serializer that is none of DRF's."""

    def get_serializer_class(self) -> Any:
        """Return a class with the one method that the view calls."""

        class Other:
            def __init__(self, *args: object, **kwargs: object) -> None:
                """Take anything."""

            def is_valid(self) -> bool:
                """Refuse everything."""
                return False

        return Other

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Say what the serializer says."""
        return Response({"valid": self.get_serializer(data=request.data).is_valid()})


urlpatterns = [
    path("lines", LineView.as_view()),
    path("own", OwnView.as_view()),
    path("other", OtherView.as_view()),
]


@pytest.mark.parametrize(
    ("many", "data", "messages"),
    [(False, {}, [MISSING]), (True, [{"sku": "a"}, {}], [f"[1].{MISSING}"])],
)
def test_what_is_raised_holds_the_errors_of_the_serializer(
    many: bool, data: Any, messages: list[str]
) -> None:
    serializer = LineSerializer(data=data, many=many)
    spare_copy(serializer)
    with pytest.raises(refusals.ValidationError) as caught:
        serializer.is_valid(raise_exception=True)
    assert caught.value.detail == serializer.errors
    assert not serializer.is_valid()


def test_what_is_valid_raises_nothing() -> None:
    serializer = LineSerializer(data={"sku": "a"})
    spare_copy(serializer)
    assert serializer.is_valid(raise_exception=True)
    assert serializer.validated_data == {"sku": "a"}


def test_a_serializer_that_only_shows_is_left_as_it_is() -> None:
    serializer = LineSerializer({"sku": "a"})
    spare_copy(serializer)
    assert "is_valid" not in vars(serializer)


def test_a_view_answers_with_the_errors(client: Client) -> None:
    response = client.post("/lines", {}, content_type="application/json")
    assert response.json() == body("INVALID_CONTENT", MISSING)


def test_a_serializer_with_its_own_method_is_asked_itself(client: Client) -> None:
    response = client.post("/own", {}, content_type="application/json")
    assert response.json() == body("INVALID_CONTENT", "sku: Of my own.")


def test_what_is_no_serializer_of_drf_is_left_as_it_is(client: Client) -> None:
    response = client.post("/other", {}, content_type="application/json")
    assert response.json() == {"valid": False}


def test_is_valid_of_an_instance_of_the_project_s_stays() -> None:
    """A serializer may be given its own when it is made."""
    serializer = LineSerializer(data={})
    own: Any = lambda **kwargs: True  # noqa: E731
    serializer.is_valid = own  # type: ignore[method-assign]
    spare_copy(serializer)
    assert serializer.is_valid is own
