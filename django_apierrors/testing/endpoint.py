"""Endpoint: what the contract of the verbs has to know of one, and how it is asked."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from unittest import SkipTest

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import Client

from django_apierrors.semantics import find_violation
from django_apierrors.testing.assertions import assert_api_error, fail
from django_apierrors.testing.exchange import Exchange


class EndpointMixin:
    """An endpoint of a project: a collection, a resource, or both."""

    # Where POST creates and GET lists; `None`: there is only the resource of `make_resource()`.
    url: str | None = None
    # The URL of a resource, with {id} in it; what `unknown_id` and `malformed_id` are put into.
    resource_url: str | None = None
    unknown_id: object = None
    malformed_id: object = None
    # What POST and PUT take; without `update` PUT is sent `document`.
    document: Mapping[str, Any] | None = None
    update: Mapping[str, Any] | None = None
    # PATCH is opted in to.
    allows_patch = False
    # Members of the representation, and headers, that change by themselves.
    volatile: Collection[str] = ()
    volatile_headers: Collection[str] = ("date", "set-cookie")
    # Members that the project adds to the body of an error.
    more_members: Collection[str] = ()
    # Tables that reading may write to.
    written_by_reading: Collection[str] = ("django_session",)

    def get_client(self) -> Any:
        """Return the client, one of Django's or DRF's; that of a TestCase, else a new one."""
        client = getattr(self, "client", None)
        return Client() if client is None else client

    def get_document(self) -> Mapping[str, Any]:
        """Return a document that POST takes."""
        return self.document or {}

    def get_update(self) -> Mapping[str, Any]:
        """Return a document that PUT takes."""
        return self.get_document() if self.update is None else self.update

    def make_resource(self) -> str:
        """Make a resource and return its URL; by POST, unless this is overridden."""
        if self.url is None:
            raise ImproperlyConfigured(
                f"{type(self).__qualname__} must set `url`, the URL that resources are created "
                "at, or override `make_resource()`."
            )
        response = self.send("POST", self.url, self.get_document())
        location = response.headers.get("Location")
        if response.status_code != 201 or location is None:
            raise SkipTest(f"POST {self.url} made no resource: override make_resource()")
        return str(location)

    def send(
        self, verb: str, url: str, document: Mapping[str, Any] | None = None, **extra: Any
    ) -> Any:
        """Send a request and return the response."""
        content = extra.pop("content", "" if document is None else json.dumps(document))
        content_type = extra.pop("content_type", "application/json")
        return self.get_client().generic(verb, url, content, content_type, **extra)

    def try_verb(self, verb: str, url: str, document: Mapping[str, Any] | None = None) -> Any:
        """Return a success of `verb`, held to the table of verbs; skip where there is no verb."""
        response = self.send(verb, url, document)
        if response.status_code == 405:
            raise SkipTest(f"{url} has no {verb}")
        if response.status_code >= 400:
            fail(
                f"{verb} was refused",
                ["is the document valid, is the client let in?"],
                Exchange.of(response),
            )
        violation = find_violation(verb, response)
        if violation is not None:
            fail("This is no success of its verb", [f"the view {violation}"], Exchange.of(response))
        return response

    def assert_refusal(self, response: Any, status: int, code: str | None = None) -> None:
        """Hold `response` to the format of errors, as the project has it."""
        assert_api_error(response, status, code=code, more_members=self.more_members)

    def get_urls(self) -> list[str]:
        """Return the URLs of the endpoint: that of the collection, and that of a new resource."""
        urls = [] if self.url is None else [self.url]
        try:
            return [*urls, self.make_resource()]
        except SkipTest:
            if not urls:
                raise
            return urls

    def get_url_of(self, name: str) -> str:
        """Return the URL of a resource by the id in the attribute `name`."""
        value = getattr(self, name)
        if value is None or self.resource_url is None:
            raise SkipTest(f"{type(self).__qualname__} has no `resource_url` and `{name}`")
        return self.resource_url.format(id=value)

    def get_body_for(self, verb: str) -> Mapping[str, Any] | None:
        """Return the document that `verb` takes."""
        bodies = {"POST": self.get_document, "PUT": self.get_update, "PATCH": self.get_update}
        return bodies[verb]() if verb in bodies else None

    def get_databases(self) -> Collection[str]:
        """Return the aliases of the databases that the test may use, as a TestCase names them."""
        databases: Any = getattr(self, "databases", {"default"})
        return list(connections) if databases == "__all__" else databases

    def send_content(self, **what: Any) -> Iterator[Any]:
        """Yield the responses of the verbs that take a document; skip where there is none."""
        verbs = [("POST", self.url)] if self.url is not None else []
        verbs += [("PUT", url) for url in self.get_urls()]
        answers = [self.send(verb, url, **what) for verb, url in verbs if url is not None]
        found = [answer for answer in answers if answer.status_code != 405]
        if not found:
            raise SkipTest("no verb takes a document")
        yield from found

    def send_each(self, url: str) -> Iterator[Any]:
        """Yield the responses of the verbs of a resource."""
        for verb in ("GET", "PUT", "DELETE"):
            response = self.send(verb, url, self.get_body_for(verb))
            if response.status_code != 405:
                yield response
