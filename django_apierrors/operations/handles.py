"""The signed ids of operations, and the owners that operations are bound to.

A handle is the id of an operation as its URL contains it. It consists of characters that a URL does
not escape (RFC 3986, section 2.3).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

if TYPE_CHECKING:
    from rest_framework.request import Request

SALT = "django_apierrors.operations"

# Some clients escape Signer's own ":". This one is not in the alphabet of base64 either.
SEPARATOR = "~"


def find_owner(request: Request) -> str | None:
    """Return a string that identifies the client of `request`, `None` for an anonymous client.

    The owner is the user's model and key. If no user has a key, it is the credential's class and
    key, or a credential that is a string. Raise ImproperlyConfigured for a client that is
    authenticated and has neither: it must not count as anonymous.
    """
    user, credential = request.user, request.auth
    for principal in (user, credential):
        if getattr(principal, "pk", None) is not None:
            return f"{get_class_path(principal)}:{principal.pk}"
    if isinstance(credential, (str, bytes)):
        return f"credential:{credential!r}"
    if credential is None and not getattr(user, "is_authenticated", False):
        return None
    raise ImproperlyConfigured(
        f"Neither the user ({get_class_path(user)}) nor the credential "
        f"({get_class_path(credential)}) of the request has a `pk` to bind an operation to. "
        "Override get_caller() on the views that accept work and on the operation's."
    )


def get_class_path(value: Any) -> str:
    """Return the dotted path of the class of `value`: for a proxy model, that of its model."""
    # type() would return the class of a lazy object (`request.user`).
    cls: type = value.__class__
    if issubclass(cls, Model) and cls._meta.concrete_model is not None:
        cls = cls._meta.concrete_model
    return f"{cls.__module__}.{cls.__qualname__}"


class Handle(NamedTuple):
    """The time of acceptance of an operation, its task, its task backend and its result.

    `created` is in milliseconds since 1970, `backend` is an alias in `TASKS`.
    """

    created: int
    task_path: str
    backend: str
    result_id: str

    @property
    def created_at(self) -> datetime:
        """The time of acceptance."""
        return datetime.fromtimestamp(self.created / 1000, UTC)

    @property
    def age(self) -> float:
        """The seconds since the acceptance."""
        return time.time() - self.created / 1000


def make_handle(task_path: str, backend: str, result_id: str) -> Handle:
    """Return the handle of an operation that is accepted now."""
    return Handle(int(time.time() * 1000), task_path, backend, result_id)


def sign_handle(handle: Handle, owner: str | None) -> str:
    """Return `handle` as a string that only `owner` can use; `None`: everyone who has it."""
    return _make_signer(owner).sign_object(list(handle))


def read_handle(signed: str, owner: str | None) -> Handle | None:
    """Return the handle that was signed for `owner` or for everyone, else `None`.

    The owner is a part of the key, not of the signed string: another owner's handle fails at the
    same place, and after the same time, as a forged one.
    """
    for candidate in (owner, None):
        try:
            return Handle(*_make_signer(candidate).unsign_object(signed))
        except signing.BadSignature:
            continue
    return None


def _make_signer(owner: str | None) -> signing.Signer:
    return signing.Signer(sep=SEPARATOR, salt=f"{SALT}:{owner or ''}")
