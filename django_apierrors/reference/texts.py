"""What the reference says of verbs, success statuses, requirements and headers.

Source: "HTTP Verbs" and "Success Codes" of the API document, whose wording the texts keep wherever
it has some.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_apierrors.problems import RENAMED_PHRASES

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

VERBS: Mapping[str, StrOrPromise] = {
    "GET": pgettext_lazy("apierrors", "Retrieving resources."),
    "HEAD": _("As GET, without the body."),
    "POST": _("Creating new resources or other types of content submission."),
    "PUT": _("Updating resources. Note: some types of resources cannot be updated."),
    "PATCH": _("Updating a part of a resource, where it is open to that."),
    "DELETE": _(
        "Deleting resources. A successful delete will return a 200 or 204 response, even if no "
        "payload is attached."
    ),
    "OPTIONS": _("Asking which verbs a resource has."),
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
    206: _("The part of the resource that the Range header of the request asked for."),
}

# By the words of django_apierrors.semantics, which a developer reads in the log, in English.
REQUIREMENTS: Mapping[str, StrOrPromise] = {
    "the new resource in its body": _("the new resource in its body"),
    "a Location header with the absolute URL of the new resource": _(
        "a Location header with the absolute URL of the new resource"
    ),
    "no body": pgettext_lazy("apierrors", "no body"),
    "the state of the operation in its body": _("the state of the operation in its body"),
    "a Location header": pgettext_lazy("apierrors", "a Location header"),
    "a Content-Location header": pgettext_lazy("apierrors", "a Content-Location header"),
    "a Retry-After header": pgettext_lazy("apierrors", "a Retry-After header"),
}

HEADERS: Mapping[str, StrOrPromise] = {
    "WWW-Authenticate": _("how to send credentials"),
    "Allow": _("the verbs that the resource has"),
    "Retry-After": _("how many seconds to wait"),
}


def get_phrase(status: int) -> str:
    """Return the phrase that stands beside `status` on the wire, `""` where it has none."""
    try:
        return RENAMED_PHRASES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return ""
