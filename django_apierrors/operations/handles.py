"""Handles: the signed ids of operations, and the owner that an operation is bound to.

A handle consists of characters that no URL has to escape (RFC 3986, section 2.3).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

if TYPE_CHECKING:
    from rest_framework.request import Request


def identify_caller(request: Request) -> str | None:
    """Return what tells the caller of `request` from all others, `None` for an anonymous one.

    The user's model and key; without a user that has a key the credential's, or the credential
    itself where it is a text. One that has nothing of the kind is no anonymous caller: raise
    ImproperlyConfigured.
    """
    user, credential = request.user, request.auth
    for found in (user, credential):
        if getattr(found, "pk", None) is not None:
            return f"{get_kind(found)}:{found.pk}"
    if isinstance(credential, (str, bytes)):
        return f"credential:{credential!r}"
    if credential is None and not getattr(user, "is_authenticated", False):
        return None
    raise ImproperlyConfigured(
        f"Neither the user ({get_kind(user)}) nor the credential ({get_kind(credential)}) of the "
        "request has a `pk` to bind an operation to. Override get_caller() on the views that "
        "accept work and on the operation's."
    )


def get_kind(found: Any) -> str:
    """Return the name of the class of `found`, the same for a model, its proxies and a lazy one."""
    cls: type = found.__class__
    if issubclass(cls, Model) and cls._meta.concrete_model is not None:
        cls = cls._meta.concrete_model
    return f"{cls.__module__}.{cls.__qualname__}"


SALT = "django_apierrors.operations"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Signer's own ":" is escaped by some clients; this one is not in the alphabet of base64 either.
SEPARATOR = "~"


class Handle(NamedTuple):
    """Which result of which task of which engine an operation is, and since when.

    `created` is the time of acceptance in milliseconds since 1970, `backend` the engine's alias in
    `TASKS`.
    """

    created: int
    task_path: str
    backend: str
    result_id: str

    @property
    def created_at(self) -> datetime:
        """The time of acceptance."""
        return EPOCH + timedelta(milliseconds=self.created)

    @property
    def age(self) -> float:
        """How long ago the work was accepted, in seconds."""
        return time.time() - self.created / 1000


def make_handle(task_path: str, backend: str, result_id: str) -> Handle:
    """Return the handle of work that is accepted now."""
    return Handle(int(time.time() * 1000), task_path, backend, result_id)


def sign_handle(handle: Handle, caller: str | None) -> str:
    """Return `handle` as a text that `caller` alone can read; `None`: anyone who has it."""
    return _make_signer(caller).sign_object(list(handle))


def read_handle(text: str, caller: str | None) -> Handle | None:
    """Return the handle that was signed for `caller` or for anyone, `None` where there is none.

    The caller is part of the key, not of the text: another's handle fails in the same place, and
    after the same time, as one that nobody ever signed.
    """
    for owner in (caller, None):
        try:
            return Handle(*_make_signer(owner).unsign_object(text))
        except signing.BadSignature:
            continue
    return None


def _make_signer(caller: str | None) -> signing.Signer:
    return signing.Signer(sep=SEPARATOR, salt=f"{SALT}:{caller or ''}")
