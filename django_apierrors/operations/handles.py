"""The signed ids of operations, and the owners that operations are bound to.

A handle is the id of an operation as its URL contains it: the base64 of RFC 4648, section 5, whose
characters a URL does not escape. A handle has fewer than 60 characters with each tested backend.
"""

from __future__ import annotations

import contextlib
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework.request import Request

from django_apierrors.operations.tasks import get_task_backends

SALT = "django_apierrors.operations"

# The parts of a handle in bytes: the time of acceptance, a digest of the alias of the task backend,
# the id of the result, the signature.
TIME_SIZE, ALIAS_SIZE, SIGNATURE_SIZE = 5, 2, 12

# The functions that convert an id to bytes, and bytes to the id. The first byte is the index of the
# pair. The ids of django-tasks-db and Celery are UUIDs, those of RQ have 32 letters and digits.
ID_CODECS: Sequence[tuple[Callable[[str], bytes], Callable[[bytes], str]]] = (
    (lambda text: UUID(text).bytes, lambda content: str(UUID(bytes=content))),
    (urlsafe_b64decode, lambda content: urlsafe_b64encode(content).decode()),
    (str.encode, bytes.decode),
)
TEXT_CODEC = 2


def find_owner(request: Request) -> str | None:
    """Return a string that identifies the client of `request`, `None` for an anonymous client.

    The owner is the user's model and key. For a user without a key, the owner is the credential's
    class and key, or the credential itself if it is a string. Raise ImproperlyConfigured for a
    client that is authenticated and has neither: it must not count as anonymous.
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
        f"({get_class_path(credential)}) of the request has a `pk`, so the operation has no owner. "
        "Override get_caller() of the views that accept work and of the operation's view."
    )


def get_class_path(value: Any) -> str:
    """Return the dotted path of the class of `value`: for a proxy model, that of its model."""
    # type() would return the class of a lazy object (`request.user`).
    cls: type = value.__class__
    if issubclass(cls, Model) and cls._meta.concrete_model is not None:
        cls = cls._meta.concrete_model
    return f"{cls.__module__}.{cls.__qualname__}"


class Handle(NamedTuple):
    """The time of acceptance of an operation, its task backend and its result.

    `created` is in hundredths of a second since 1970, `backend` is an alias in `TASKS`, `""` if the
    setting no longer has it.
    """

    created: int
    backend: str
    result_id: str

    @property
    def created_at(self) -> datetime:
        """The time of acceptance."""
        return datetime.fromtimestamp(self.created / 100, UTC)

    @property
    def age(self) -> float:
        """The seconds since the acceptance."""
        return time.time() - self.created / 100


def make_handle(backend: str, result_id: str) -> Handle:
    """Return the handle of an operation that is accepted now."""
    return Handle(int(time.time() * 100), backend, result_id)


def sign_handle(handle: Handle, owner: str | None) -> str:
    """Return `handle` as a string that only `owner` can use; `None`: everyone who has it."""
    created = handle.created.to_bytes(TIME_SIZE, "big")
    payload = created + _digest_alias(handle.backend) + encode_id(handle.result_id)
    return _encode(payload + _make_signature(payload, owner, settings.SECRET_KEY))


def read_handle(signed: str, owner: str | None) -> Handle | None:
    """Return the handle that was signed for `owner` or for everyone, else `None`.

    The owner is a part of the key, not of the signed string: another owner's handle fails at the
    same place, and after the same time, as a forged one.
    """
    try:
        content = urlsafe_b64decode(signed + "=" * (-len(signed) % 4))
    except ValueError:
        return None
    payload, signature = content[:-SIGNATURE_SIZE], content[-SIGNATURE_SIZE:]
    matches = [
        constant_time_compare(signature, _make_signature(payload, candidate, key))
        for candidate in (owner, None)
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]
    # Python's decoder accepts several spellings of the same bytes.
    if not any(matches) or _encode(content) != signed:
        return None
    created, digest, (index, *result_id) = (
        int.from_bytes(payload[:TIME_SIZE], "big"),
        payload[TIME_SIZE:][:ALIAS_SIZE],
        payload[TIME_SIZE + ALIAS_SIZE :],
    )
    aliases = (alias for alias in get_task_backends() if _digest_alias(alias) == digest)
    return Handle(created, next(aliases, ""), ID_CODECS[index][1](bytes(result_id)))


def encode_id(result_id: str) -> bytes:
    """Return the id of a result in few bytes."""
    for index, (encode, decode) in enumerate(ID_CODECS[:TEXT_CODEC]):
        with contextlib.suppress(ValueError):
            content = encode(result_id)
            if decode(content) == result_id:
                return bytes([index]) + content
    return bytes([TEXT_CODEC]) + result_id.encode()


def _encode(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _digest_alias(alias: str) -> bytes:
    return sha256(alias.encode()).digest()[:ALIAS_SIZE]


def _make_signature(payload: bytes, owner: str | None, key: str | bytes) -> bytes:
    hmac = salted_hmac(f"{SALT}:{owner or ''}", payload, secret=key, algorithm="sha256")
    return hmac.digest()[:SIGNATURE_SIZE]
