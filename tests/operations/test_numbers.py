"""NaN and infinity, which JSON lacks, as arguments of a task."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import path
from rest_framework import serializers

from django_apierrors.operations import AcceptedAPIView
from tests.services import require_package

require_package("django_tasks_db")

from tests.operations import tasks  # noqa: E402
from tests.recognition.support import expect, read  # noqa: E402

pytestmark = pytest.mark.urls(__name__)

MESSAGE = "A valid number is required."


class LaxFloatField(serializers.FloatField):
    """A FloatField as in DRF before 3.18.3."""

    def to_internal_value(self, data: Any) -> float:
        return float(data)


class NumbersSerializer(serializers.Serializer[Any]):
    x = LaxFloatField()
    ys = serializers.ListField(child=LaxFloatField())


class NumbersView(AcceptedAPIView):
    task = tasks.echo
    serializer_class = NumbersSerializer


urlpatterns = [path("numbers/", NumbersView.as_view())]


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_number_that_json_lacks_is_invalid_content(number: str) -> None:
    data = {"x": number, "ys": ["1", number]}
    client = Client(raise_request_exception=False)
    response = client.post("/numbers/", data, content_type="application/json")
    assert read(response) == expect("INVALID_CONTENT", f"x: {MESSAGE}", f"ys[1]: {MESSAGE}")
