"""The contract of the HTTP methods: a mixin that checks an endpoint with real requests."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from unittest import SkipTest

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import Client
from django.urls import Resolver404

from django_apierrors.semantics import find_violation
from django_apierrors.testing.assertions import assert_api_error, assert_declared, fail
from django_apierrors.testing.queries import capture_writes


class EndpointMixin:
    """An endpoint of a project: a collection, a resource, or both."""

    # The URL of the collection, which POST adds a resource to and GET lists. If `None`, only the
    # resource of `make_resource()` is checked.
    url: str | None = None
    # The URL of a resource, with {id} in the place of `unknown_id` and `malformed_id`.
    resource_url: str | None = None
    unknown_id: object = None
    malformed_id: object = None
    # Valid bodies of POST and PUT. If `update` is `None`, PUT sends `document`.
    document: Mapping[str, Any] | None = None
    update: Mapping[str, Any] | None = None
    # Whether the view has PATCH.
    allows_patch = False
    # Whether a response may have an error that the schema of its operation does not have.
    allows_undeclared_errors = True
    # Keys of the body, and headers, that differ between two requests.
    ignored_keys: Collection[str] = ()
    ignored_headers: Collection[str] = ("date", "set-cookie")
    # Keys that the project adds to the body of an error.
    more_keys: Collection[str] = ()
    # Database tables that GET may write to.
    tables_written_by_get: Collection[str] = ("django_session",)

    def get_client(self) -> Any:
        """Return the test client: the client of the TestCase, else a new client of Django."""
        client = getattr(self, "client", None)
        return Client() if client is None else client

    def get_document(self) -> Mapping[str, Any]:
        """Return a valid body of POST."""
        return self.document or {}

    def get_update(self) -> Mapping[str, Any]:
        """Return a valid body of PUT."""
        return self.get_document() if self.update is None else self.update

    def make_resource(self) -> str:
        """Create a resource by POST, and return its URL."""
        if self.url is None:
            raise ImproperlyConfigured(
                f"{type(self).__qualname__} must set `url`, the URL that resources are created "
                "at, or override `make_resource()`."
            )
        response = self.send("POST", self.url, self.get_document())
        location = response.headers.get("Location")
        if response.status_code != 201 or location is None:
            raise SkipTest(f"no 201 with a Location from POST {self.url}: override make_resource()")
        return str(location)

    def send(
        self, method: str, url: str, document: Mapping[str, Any] | None = None, **extra: Any
    ) -> Any:
        """Send a request and return the response."""
        content = extra.pop("content", "" if document is None else json.dumps(document))
        content_type = extra.pop("content_type", "application/json")
        response = self.get_client().generic(method, url, content, content_type, **extra)
        if response.status_code == 404 and url == self.url and not has_view(response):
            fail("`url` must match a URL pattern", response, f"{url} does not")
        if not self.allows_undeclared_errors:
            assert_declared(response)
        return response

    def request_or_skip(
        self, method: str, url: str, document: Mapping[str, Any] | None = None
    ) -> Any:
        """Return a success of `method` that its row of the table allows; skip if it is a 405."""
        response = self.send(method, url, document)
        if response.status_code == 405:
            raise SkipTest(f"{url} does not have {method}")
        if response.status_code >= 400:
            hint = "is the document valid, and does the client have permission?"
            fail(f"{method} failed", response, hint)
        violation = find_violation(method, response)
        if violation is not None:
            fail(f"This is not a success of {method}", response, f"the view {violation}")
        return response

    def assert_error(self, response: Any, status: int, code: str | None = None) -> None:
        """Assert that `response` is an error in the format, with the project's own keys."""
        assert_api_error(response, status, code=code, more_keys=self.more_keys)

    def get_urls(self) -> Iterator[str]:
        """Yield the URLs of the endpoint: the collection and a new resource.

        If no resource can be created, skip the rest of the check, unless only `url` is set.
        """
        # The resource is created first: the check may send a POST with the same document.
        urls, reason = [] if self.url is None else [self.url], None
        try:
            urls.append(self.make_resource())
        except SkipTest as exc:
            reason = exc
        yield from urls
        if reason is not None and (self.url is None or self.resource_url is not None):
            raise reason

    def get_document_for(self, method: str) -> Mapping[str, Any] | None:
        """Return a valid body of `method`, `None` if it does not have one."""
        documents = {"POST": self.get_document, "PUT": self.get_update, "PATCH": self.get_update}
        return documents[method]() if method in documents else None

    def get_databases(self) -> Collection[str]:
        """Return the aliases of the databases that the test may use, as TestCase names them."""
        databases: Any = getattr(self, "databases", {"default"})
        return list(connections) if databases == "__all__" else databases

    def send_to_writers(self, **content: Any) -> Iterator[Any]:
        """Yield the responses of POST and PUT to `content`; skip if the endpoint has neither."""

        def send_all() -> Iterator[Any]:
            if self.url is not None:
                yield self.send("POST", self.url, **content)
            for url in self.get_urls():
                yield self.send("PUT", url, **content)

        return leave_out_405(send_all(), "POST or PUT")

    def send_each_method(self, attribute: str) -> Iterator[Any]:
        """Return the responses to GET, PUT and DELETE for the id in `attribute`, without 405s."""
        value = getattr(self, attribute)
        if value is None or self.resource_url is None:
            raise SkipTest(f"{type(self).__qualname__} needs `resource_url` and `{attribute}`")
        url = self.resource_url.format(id=value)
        methods = ("GET", "PUT", "DELETE")
        responses = (self.send(method, url, self.get_document_for(method)) for method in methods)
        return leave_out_405(responses, "GET, PUT or DELETE")


def has_view(response: Any) -> bool:
    """Whether a URL pattern matched; `True` if the response has no `resolver_match`."""
    try:
        return bool(getattr(response, "resolver_match", True))
    except Resolver404:
        return False


def leave_out_405(responses: Iterable[Any], methods: str) -> Iterator[Any]:
    """Yield the responses that are not 405; skip the check if all are 405."""
    all_responses = []
    for response in responses:
        all_responses.append(response)
        if response.status_code != 405:
            yield response
    skip_if_405(all_responses, methods)


def skip_if_405(responses: Iterable[Any], methods: str) -> None:
    """Skip the check if the endpoint does not have any of its methods."""
    if all(response.status_code == 405 for response in responses):
        raise SkipTest(f"the endpoint does not have {methods}")


# DELETE comes last: it removes the resource.
ALL_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "TRACE", "DELETE")
UNKNOWN_METHOD = "BREW"


class VerbContract(EndpointMixin):
    """Checks of one endpoint, for a TestCase or a class of pytest; each needs the database.

    A check whose method the endpoint does not have is skipped. Set a check to `None` in the class
    to remove it.
    """

    def test_post_is_201_with_a_location_that_answers(self) -> None:
        """A success of POST is allowed by the table, and its Location is 200 for the client."""
        if self.url is None:
            raise SkipTest("`url` is not set")
        response = self.request_or_skip("POST", self.url, self.get_document())
        location = response.headers.get("Location")
        if location is not None:
            resource = self.send("GET", location)
            if resource.status_code != 200:
                title = "A GET of the Location of a POST must return 200"
                fail(title, resource, f"{location} does not")

    def test_put_twice_is_put_once(self) -> None:
        """PUT is idempotent: RFC 9110, section 9.2.2."""
        url = self.make_resource()
        # Once: a project may make a new name for each document.
        states, document = [], self.get_update()
        for _ in range(2):
            response = self.request_or_skip("PUT", url, document)
            resource = self.send("GET", url)
            shown = resource if resource.status_code == 200 else response
            states.append(parse_without(shown.content, self.ignored_keys))
        if states[0] != states[1]:
            reasons = [f"after the first: {states[0]!r}", f"after the second: {states[1]!r}"]
            fail("The second PUT must change nothing", shown, *reasons)

    def test_get_writes_nothing(self) -> None:
        """GET and HEAD are safe: RFC 9110, section 9.2.1."""
        responses = []
        for url in self.get_urls():
            for method in ("GET", "HEAD"):
                with capture_writes(self.get_databases(), self.tables_written_by_get) as writes:
                    responses.append(self.send(method, url))
                if writes:
                    fail(f"{method} must write nothing", responses[-1], *writes)
        skip_if_405(responses, "GET")

    def test_head_is_get_without_the_body(self) -> None:
        """HEAD has the status and the headers of GET: RFC 9110, section 9.3.2.

        Its body is not checked: Django's client removes it, as a server does.
        """
        responses = []
        for url in self.get_urls():
            get, head = self.send("GET", url), self.send("HEAD", url)
            responses.append(get)
            expected, actual = self._get_head(get), self._get_head(head)
            if get.status_code != 405 and expected != actual:
                reasons = [f"GET has {expected}", f"HEAD has {actual}"]
                fail("HEAD must be GET without the body", head, *reasons)
        skip_if_405(responses, "GET")

    def _get_head(self, response: Any) -> dict[str, Any]:
        headers = {name.lower(): value for name, value in response.headers.items()}
        headers = {name: headers[name] for name in headers if name not in self.ignored_headers}
        return {"status": response.status_code, **headers}

    def test_delete_twice_is_404(self) -> None:
        """A deleted resource is missing, for DELETE and for GET."""
        url = self.make_resource()
        if self.request_or_skip("DELETE", url).status_code == 202:
            raise SkipTest("DELETE is accepted, and happens later")
        for method in ("DELETE", "GET"):
            response = self.send(method, url)
            if response.status_code != 405:
                self.assert_error(response, 410 if response.status_code == 410 else 404)

    def test_405_lists_what_works(self) -> None:
        """Allow lists the methods that work, and no other: RFC 9110, section 15.5.6."""
        for url in self.get_urls():
            responses = {
                method: self.send(method, url, self.get_document_for(method))
                for method in ALL_METHODS
            }
            works = {method for method in ALL_METHODS if responses[method].status_code != 405}
            errors = [response for response in responses.values() if response.status_code == 405]
            for error in [self.send(UNKNOWN_METHOD, url), *errors]:
                header = error.headers.get("Allow", "")
                allow = {method.strip() for method in header.split(",")} - {""}
                reasons = [f"{method} works, and is not listed" for method in sorted(works - allow)]
                reasons += [f"{method} is listed, and is a 405" for method in sorted(allow - works)]
                if error.status_code == 405 and reasons:
                    fail(f"Allow must list the methods that work at {url}", error, *reasons)

    def test_patch_is_405_unless_opted_in(self) -> None:
        """PATCH is 405, unless `allows_patch` is set."""
        responses = []
        for url in self.get_urls():
            responses.append(self.send("PATCH", url, self.get_update()))
            if not self.allows_patch:
                self.assert_error(responses[-1], 405, code="METHOD_NOT_ALLOWED")
        if self.allows_patch and all(response.status_code == 405 for response in responses):
            fail("PATCH must work, since `allows_patch` is set", responses[-1])

    def test_trace_is_405(self) -> None:
        """TRACE, which returns the headers of the request, is 405."""
        for url in self.get_urls():
            self.assert_error(self.send("TRACE", url), 405, code="METHOD_NOT_ALLOWED")

    def test_an_unknown_method_is_405(self) -> None:
        """A method that does not exist is 405."""
        for url in self.get_urls():
            self.assert_error(self.send(UNKNOWN_METHOD, url), 405, code="METHOD_NOT_ALLOWED")

    def test_malformed_json_is_400(self) -> None:
        """A document without its closing brace is INVALID_CONTENT."""
        for response in self.send_to_writers(content='{"name": "x"'):
            self.assert_error(response, 400, code="INVALID_CONTENT")

    def test_another_content_type_is_415(self) -> None:
        """A document that is not JSON is UNSUPPORTED_MEDIA_TYPE."""
        for response in self.send_to_writers(content="<a/>", content_type="application/xml"):
            self.assert_error(response, 415, code="UNSUPPORTED_MEDIA_TYPE")

    def test_an_unknown_id_is_404(self) -> None:
        """An id without a resource is MISSING_RESOURCE."""
        for response in self.send_each_method("unknown_id"):
            self.assert_error(response, 404, code="MISSING_RESOURCE")

    def test_a_malformed_id_is_400(self) -> None:
        """A malformed id is INVALID_ID."""
        for response in self.send_each_method("malformed_id"):
            self.assert_error(response, 400, code="INVALID_ID")


def parse_without(content: bytes, ignored_keys: Collection[str]) -> Any:
    """Return the decoded JSON without the ignored keys, at any depth."""
    if not content:
        return None

    def remove_ignored(pairs: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in pairs.items() if key not in ignored_keys}

    return json.loads(content, object_hook=remove_ignored)
