"""Advice: for each code of the catalogue, what the caller can do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

ADVICE: Mapping[str, StrOrPromise] = {
    "MISSING_RESOURCE": _(
        "Check the URL and the identifier in it. If both are right, the resource was deleted, or "
        "your credentials may not see it. The same request will get the same answer."
    ),
    "GONE": _(
        "Forget the URL. What an operation has done can be read for a limited time only: read it "
        "sooner, or start the operation again."
    ),
    "UNAUTHENTICATED": _(
        "Send your credentials in the Authorization header, in the way that the WWW-Authenticate "
        "header of the answer names. If you did, they are misspelt, expired or revoked: get new "
        "ones."
    ),
    "ACCESS_FORBIDDEN": _(
        "Use other credentials, or ask whoever gave you these for access to the resource. The same "
        "request will get the same answer."
    ),
    "METHOD_FORBIDDEN": _(
        "Use a verb that your credentials allow, such as GET, or ask whoever gave you them for "
        "more."
    ),
    "INVALID_CONTENT": _(
        "Read each of the messages: one about a field or a parameter begins with its name. Correct "
        "what they name, and send the whole request again."
    ),
    "INVALID_ID": _(
        "Send the identifier exactly as the API gave it to you. A message that begins with the "
        "name of a field is about the identifier in that field, any other about the one in the URL."
    ),
    "INVALID_STATE": _(
        "Get the resource to see its state. Change what stands in the way, for example the "
        "resources that still refer to it, then send the request again."
    ),
    "ALREADY_EXISTS": _(
        "Send another value for the field that the message names; or look for the resource that "
        "has the value, and update that one."
    ),
    "METHOD_NOT_ALLOWED": _(
        "Use one of the verbs that the Allow header of the answer names. No credentials open "
        "another one."
    ),
    "UNSUPPORTED_MEDIA_TYPE": _(
        "Send JSON, with the header Content-Type: application/json, and ask for it with the header "
        "Accept: application/json, or with no such header."
    ),
    "CONTENT_TOO_LARGE": _(
        "Send less at once: a smaller file, or the rows of a list in several requests."
    ),
    "THROTTLED": _(
        "Wait as many seconds as the Retry-After header of the answer says, then send the request "
        "again. Keep what does not change instead of getting it anew."
    ),
    "INTERNAL_ERROR": _(
        "Get in touch, and name the reference that the message ends with. The request may have "
        "taken effect or not: look before you send it again."
    ),
    "SERVICE_UNAVAILABLE": _(
        "Wait as many seconds as the Retry-After header of the answer says, then send the request "
        "again; wait longer each time. Get in touch if it lasts."
    ),
    "GATEWAY_TIMEOUT": _(
        "The request may have taken effect or not: look before you send it again. Wait as many "
        "seconds as the Retry-After header of the answer says."
    ),
}

# For a code that has none of its own, by the first digit of its status.
ADVICE_BY_CLASS: Mapping[int, StrOrPromise] = {
    4: _("Read the messages, and change the request before you send it again."),
    5: _("Send the request again later, and get in touch if it lasts."),
}
