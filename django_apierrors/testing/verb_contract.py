"""The contract of the verbs: a mixin that holds an endpoint of a project to them, by requests."""

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
from django_apierrors.testing.queries import capture_writes


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


# DELETE comes last, since nothing is left after it.
VERBS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "TRACE", "DELETE")
UNKNOWN_VERB = "BREW"


class VerbContract(EndpointMixin):
    """Checks of one endpoint, for a TestCase or a class of pytest; each needs the database.

    A check whose verb the endpoint does not have is skipped. One that does not apply is left out by
    setting it to `None` in the class.
    """

    def test_post_is_201_with_a_location_that_answers(self) -> None:
        """A success of POST is one of the table; the URL that it names is there for the caller."""
        if self.url is None:
            raise SkipTest("there is no URL to POST to")
        response = self.try_verb("POST", self.url, self.get_document())
        location = response.headers.get("Location")
        if location is not None:
            answer = self.send("GET", location)
            if answer.status_code != 200:
                fail(
                    "The Location of a POST must answer 200",
                    [f"{location} does not"],
                    Exchange.of(answer),
                )

    def test_put_twice_is_put_once(self) -> None:
        """PUT is idempotent: RFC 9110, section 9.2.2."""
        url = self.make_resource()
        states = []
        for _ in range(2):
            response = self.try_verb("PUT", url, self.get_update())
            answer = self.send("GET", url)
            shown = answer if answer.status_code == 200 else response
            states.append(strip(shown.content, self.volatile))
        if states[0] != states[1]:
            reasons = [f"after the first: {states[0]!r}", f"after the second: {states[1]!r}"]
            fail("The second PUT must change nothing", reasons, Exchange.of(shown))

    def test_get_writes_nothing(self) -> None:
        """GET and HEAD are safe: RFC 9110, section 9.2.1."""
        for url in self.get_urls():
            for verb in ("GET", "HEAD"):
                with capture_writes(self.get_databases(), self.written_by_reading) as writes:
                    response = self.send(verb, url)
                if writes:
                    fail(f"{verb} must write nothing", writes, Exchange.of(response))

    def test_head_is_get_without_the_body(self) -> None:
        """HEAD has the status and the headers of GET: RFC 9110, section 9.3.2.

        Its body is not looked at: Django's client, like a server, leaves it out by itself.
        """
        for url in self.get_urls():
            heads = []
            for verb in ("GET", "HEAD"):
                response = self.send(verb, url)
                headers = {name.lower(): value for name, value in response.headers.items()}
                heads.append({"status": response.status_code, **headers})
            get, head = (
                {k: v for k, v in it.items() if k not in self.volatile_headers} for it in heads
            )
            if get["status"] != 405 and get != head:
                fail(
                    "HEAD must be GET without the body",
                    [f"GET has {get}", f"HEAD has {head}"],
                    Exchange.of(response),
                )

    def test_delete_twice_is_404(self) -> None:
        """What was deleted is not there: neither for DELETE nor for GET."""
        url = self.make_resource()
        if self.try_verb("DELETE", url).status_code == 202:
            raise SkipTest("the deletion was accepted, to be done later")
        for verb in ("DELETE", "GET"):
            response = self.send(verb, url)
            if response.status_code != 405:
                self.assert_refusal(response, 410 if response.status_code == 410 else 404)

    def test_405_lists_what_works(self) -> None:
        """Allow has what works and nothing else: RFC 9110, section 15.5.6."""
        for url in self.get_urls():
            answers = {verb: self.send(verb, url, self.get_body_for(verb)) for verb in VERBS}
            works = {verb for verb, answer in answers.items() if answer.status_code != 405}
            refusals = [answer for answer in answers.values() if answer.status_code == 405]
            for refusal in [self.send(UNKNOWN_VERB, url), *refusals]:
                allow = {it.strip() for it in refusal.headers.get("Allow", "").split(",")} - {""}
                reasons = [f"{verb} works, and is not there" for verb in sorted(works - allow)]
                reasons += [f"{verb} is there, and is refused" for verb in sorted(allow - works)]
                if refusal.status_code == 405 and reasons:
                    fail(f"Allow must list what works at {url}", reasons, Exchange.of(refusal))

    def test_patch_is_refused_unless_opted_in(self) -> None:
        """PATCH is 405, unless `allows_patch` says that the resource has it."""
        answers = [self.send("PATCH", url, self.get_update()) for url in self.get_urls()]
        if not self.allows_patch:
            for answer in answers:
                self.assert_refusal(answer, 405, code="METHOD_NOT_ALLOWED")
        elif all(answer.status_code == 405 for answer in answers):
            fail("PATCH must work, for `allows_patch` is set", [], Exchange.of(answers[-1]))

    def test_trace_is_refused(self) -> None:
        """TRACE, which repeats what the request carries, is 405."""
        for url in self.get_urls():
            self.assert_refusal(self.send("TRACE", url), 405, code="METHOD_NOT_ALLOWED")

    def test_an_unknown_verb_is_refused(self) -> None:
        """A verb that nobody knows is 405."""
        for url in self.get_urls():
            self.assert_refusal(self.send(UNKNOWN_VERB, url), 405, code="METHOD_NOT_ALLOWED")

    def test_malformed_json_is_400(self) -> None:
        """A document with a brace missing is INVALID_CONTENT."""
        for response in self.send_content(content='{"name": "x"'):
            self.assert_refusal(response, 400, code="INVALID_CONTENT")

    def test_another_content_type_is_415(self) -> None:
        """A document that is no JSON is UNSUPPORTED_MEDIA_TYPE."""
        for response in self.send_content(content="<a/>", content_type="application/xml"):
            self.assert_refusal(response, 415, code="UNSUPPORTED_MEDIA_TYPE")

    def test_an_unknown_id_is_404(self) -> None:
        """The id of no resource is MISSING_RESOURCE."""
        for response in self.send_each(self.get_url_of("unknown_id")):
            self.assert_refusal(response, 404, code="MISSING_RESOURCE")

    def test_a_malformed_id_is_400(self) -> None:
        """What is no id at all is INVALID_ID."""
        for response in self.send_each(self.get_url_of("malformed_id")):
            self.assert_refusal(response, 400, code="INVALID_ID")


def strip(content: bytes, volatile: Collection[str]) -> Any:
    """Return the document in `content` without the members in `volatile`, at whatever depth."""
    if not content:
        return None

    def drop(members: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in members.items() if name not in volatile}

    return json.loads(content, object_hook=drop)
