"""The documents of the reference: the content of its pages, for the templates and for JSON.

Source of the descriptions: "HTTP Verbs" and "Success Codes" of the API document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias

from django.http import HttpRequest
from django.urls import ResolverMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from rest_framework.fields import Field

from django_apierrors.catalog import ADVICE_BY_CLASS, ErrorCode, get_category, get_codes, get_phrase
from django_apierrors.errors import Body, Error, format_code
from django_apierrors.http.headers import REQUIRED_HEADERS
from django_apierrors.semantics import ALLOWED_STATUSES, Requirement
from django_apierrors.validation.messages import BODY, Item

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# A JSON object, which is the context of a template too.
Document: TypeAlias = dict[str, Any]


class Links:
    """The URLs of the pages, given the request for one of them.

    The URLs have the namespace of the request's URL, which a project can change, and the variables
    of the prefix in the project's URLconf, such as a language or a version.
    """

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        match: ResolverMatch = request.resolver_match  # type: ignore[assignment]
        self.namespaces = match.namespaces
        self.kwargs = {name: value for name, value in match.kwargs.items() if name != "code"}

    def get_path(self, name: str, **kwargs: str) -> str:
        """Return the path of the page `name`."""
        return reverse(":".join([*self.namespaces, name]), kwargs={**self.kwargs, **kwargs})

    def get_url(self, name: str, **kwargs: str) -> str:
        """Return the absolute URL of the page `name`."""
        return str(self.request.build_absolute_uri(self.get_path(name, **kwargs)))


VERBS: Mapping[str, StrOrPromise] = {
    "GET": pgettext_lazy("apierrors", "Retrieving resources."),
    "HEAD": _("Same as GET, without the body."),
    "POST": _("Creating new resources or other types of content submission."),
    "PUT": _("Updating resources. Note: some types of resources cannot be updated."),
    "PATCH": _("Updating a part of a resource, if the resource allows it."),
    "DELETE": _(
        "Deleting resources. A successful delete will return a 200 or 204 response, even if no "
        "payload is attached."
    ),
    "OPTIONS": _("Retrieving the methods that a resource supports."),
}

STATUSES: Mapping[int, StrOrPromise] = {
    200: _(
        "Success (e.g., resource updated or retrieved, etc.). Note: a body is not always returned."
    ),
    201: _(
        "A new resource has been successfully created. The Location header will contain the URL of "
        "the resource. The response payload will contain the resource created in the body."
    ),
    202: _(
        "The request was accepted successfully, and will be fulfilled asynchronously. In most "
        "cases, the resource can be polled for completion status."
    ),
    204: _(
        "The request was successful, and there are no results to return. An example of this is a "
        "DELETE operation."
    ),
    206: _("The response contains the part of the resource that the Range header names."),
}

# By `Requirement.description` in django_apierrors.semantics, which is logged in English.
REQUIREMENTS: Mapping[str, StrOrPromise] = {
    "the new resource in its body": _("the new resource in its body"),
    "a Location header with the absolute URL of the new resource": _(
        "a Location header with the absolute URL of the new resource"
    ),
    "no body": pgettext_lazy("apierrors", "no body"),
    "the status of the operation in its body": _("the status of the operation in its body"),
    "a Location header": pgettext_lazy("apierrors", "a Location header"),
    "a Content-Location header": pgettext_lazy("apierrors", "a Content-Location header"),
    "a Retry-After header": pgettext_lazy("apierrors", "a Retry-After header"),
}

# Whether to send a request again.
RETRIES: Mapping[str, StrOrPromise] = {
    "no": _("no, not with the same request"),
    "later": pgettext_lazy("apierrors", "yes, later"),
    "after change": _("yes, after you have changed the request"),
}

HEADER_MEANINGS: Mapping[str, StrOrPromise] = {
    "WWW-Authenticate": _("how to send credentials"),
    "Allow": _("the methods that the resource supports"),
    "Retry-After": _("how many seconds to wait"),
}


def make_index(links: Links) -> Document:
    """Return the list of the codes, with the project's changes."""
    return {
        "codes": [make_code(code, links) for code in get_codes().values()],
        "href": links.get_url("index"),
        "verbs": links.get_url("verbs"),
    }


def make_code(code: ErrorCode, links: Links) -> Document:
    """Return the entry of a code in the list; `code` is the value in the body of an error."""
    names = [REQUIRED_HEADERS[code.status][0]] if code.status in REQUIRED_HEADERS else []
    return {
        "name": code.name,
        "code": format_code(code),
        "number": code.number,
        "status": code.status,
        "phrase": get_phrase(code.status),
        "category": get_category(code).name,
        "message": str(code.message),
        "description": str(code.description),
        "advice": str(code.advice or ADVICE_BY_CLASS.get(code.status // 100, "")),
        "retry": code.get_retry(),
        **({"since": code.since} if code.since else {}),
        **({"deprecated": True, "replaced_by": code.replaced_by} if code.deprecated else {}),
        "headers": [{"name": name, "description": str(HEADER_MEANINGS[name])} for name in names],
        "href": links.get_url("code", code=code.name),
    }


def make_code_page(code: ErrorCode, links: Links) -> Document:
    """Return the page of a code."""
    category = get_category(code)
    return {
        **make_code(code, links),
        "example": make_example(code, links.request),
        "related": [
            {"name": other.name, "href": links.get_url("code", code=other.name)}
            for other in get_codes().values()
            if get_category(other) == category and other.name != code.name
        ],
    }


def make_example(code: ErrorCode, request: HttpRequest) -> Body:
    """Return an example of a body with `code`; codes of validation get an example of a field."""
    required = str(Field.default_error_messages["required"])
    items = {
        "INVALID_CONTENT": [Item("name", "required", required, ("name",))],
        "ALREADY_EXISTS": [Item("email", "unique", str(code.message), ("email",))],
    }
    error = Error.of_code(code, items.get(code.name, ()))
    return error._replace(place=BODY).get_body(request)


def make_verbs(links: Links) -> Document:
    """Return the table of methods and statuses that the generic views are checked against."""
    return {
        "verbs": [
            {
                "name": verb,
                "description": str(VERBS[verb]),
                "successes": [make_success(*success) for success in sorted(successes.items())],
            }
            for verb, successes in ALLOWED_STATUSES.items()
        ],
        "statuses": [
            {"status": status, "phrase": get_phrase(status), "description": str(text)}
            for status, text in STATUSES.items()
        ],
        "href": links.get_url("verbs"),
        "codes": links.get_url("index"),
    }


def make_success(status: int, requirements: Sequence[Requirement]) -> Document:
    """Return a success status of a method, and what its response must have."""
    descriptions = [str(REQUIREMENTS[requirement.description]) for requirement in requirements]
    return {"status": status, "phrase": get_phrase(status), "requirements": descriptions}


def search_code(text: str) -> ErrorCode | None:
    """Return the code with the number or the name `text`, in any case, with `-` or `_`."""
    codes = get_codes()
    name = text.upper().replace("-", "_")
    by_number = {str(code.number): code for code in reversed(codes.values())}
    return codes.get(name) or by_number.get(text)


def find_nearest(text: str) -> str | None:
    """Return the name of the code that is most similar to `text`, `None` if no name is similar."""
    # No name is that long, and the comparison takes time.
    nearest = get_close_matches(text[:100].upper(), get_codes(), 1)
    return nearest[0] if nearest else None
