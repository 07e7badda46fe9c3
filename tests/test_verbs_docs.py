"""The examples of docs/verbs.md, run in the order in which they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.test import Client
from django.urls import clear_url_caches, path
from rest_framework.routers import SimpleRouter

from django_apierrors.semantics import SUCCESSES
from tests.models import Shelf

pytestmark = pytest.mark.django_db

TEXT = (Path(__file__).resolve().parent.parent / "docs" / "verbs.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, Any] = {"__name__": "shop.views"}
for block in re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE):
    exec(compile(block, "docs/verbs.md", "exec"), EXAMPLES)


@pytest.fixture(autouse=True)
def urls(settings: Any) -> Any:
    """Route to the examples."""
    router = SimpleRouter()
    for name, value in EXAMPLES.items():
        if name.endswith("ViewSet"):
            router.register(name, value, basename=name)
    urlconf = ModuleType("urlconf")
    urlconf.urlpatterns = [  # type: ignore[attr-defined]
        *EXAMPLES["urlpatterns"],
        path("login/", EXAMPLES["Login"].as_view()),
        *router.urls,
    ]
    clear_url_caches()
    settings.ROOT_URLCONF = urlconf
    settings.API_ERRORS = {"STRICT": True}
    yield
    clear_url_caches()


def send(client: Client, verb: str, name: str, data: str = '{"name": "low"}') -> Any:
    """Send a request to an example: to its one shelf, if there is one."""
    shelf = Shelf.objects.first()
    url = f"/{name}/{shelf.pk}/" if shelf and verb != "POST" else f"/{name}/"
    return client.generic(verb, url, data, "application/json")


def test_a_shelf_is_created_with_its_location(client: Client) -> None:
    response = send(client, "POST", "shelves")
    pk = Shelf.objects.get().pk
    assert (response.status_code, response.json()) == (201, {"id": pk, "name": "low"})
    assert response["Location"] == f"http://testserver/shelves/{pk}/"


def test_a_login_is_answered_204(client: Client) -> None:
    assert client.post("/login/", content_type="application/json").status_code == 204


def test_a_location_of_the_views_own_is_sent(client: Client) -> None:
    response = send(client, "POST", "FramedViewSet")
    assert response["Location"] == f"http://testserver/frames/{Shelf.objects.get().pk}/"


@pytest.mark.parametrize(
    ("verb", "name", "data", "status"),
    [
        ("PATCH", "ShelfViewSet", "{}", 405),
        ("PATCH", "PatchedViewSet", "{}", 200),
        ("PUT", "ShelfViewSet", "{}", 400),
        ("PUT", "QuietViewSet", '{"name": "high"}', 204),
        ("PUT", "PartialViewSet", "{}", 200),
        ("DELETE", "ShelfViewSet", "", 204),
        ("DELETE", "EmptyViewSet", "", 200),
    ],
)
def test_an_attribute_does_what_its_example_says(
    client: Client, verb: str, name: str, data: str, status: int
) -> None:
    Shelf.objects.create(name="low")
    assert send(client, verb, name, data).status_code == status


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("?page_size=999&ordering=-name", 200),
        ("?page=x", 400),
        ("?page=2", 404),
        ("?ordering=id", 400),
    ],
)
def test_a_list_refuses_what_makes_no_sense(client: Client, query: str, status: int) -> None:
    assert client.get(f"/ListedViewSet/{query}").status_code == status


def test_the_table_is_the_one_that_views_are_held_to() -> None:
    table: dict[str, set[int]] = {verb: set() for verb in SUCCESSES}
    section = TEXT.partition("## The table")[2].partition("## ")[0]
    for verbs, statuses in re.findall(r"^\| ([A-Z].*?) \| (\d.*?) \|", section, re.MULTILINE):
        for verb in re.findall("[A-Z]+", verbs):
            table[verb] |= {int(status) for status in re.findall(r"\d{3}", statuses)}
    assert table == {verb: set(successes) for verb, successes in SUCCESSES.items()}
