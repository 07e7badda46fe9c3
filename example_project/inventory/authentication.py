"""Authentication by API key: ``Authorization: <key>`` or ``Authorization: Token <key>``."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from example_project.inventory.models import ApiKey, Operator


class ApiKeyAuthentication(BaseAuthentication):
    """Sets ``request.user`` to the operator and ``request.auth`` to the API key."""

    def authenticate(self, request: Request) -> tuple[Operator, ApiKey] | None:
        """Return the operator and the API key; ``None`` without a key; raise for an unknown key.

        The lookup is by digest. Its duration can reveal a part of a digest, but not of a key.
        """
        header = get_authorization_header(request).decode("latin-1")
        if not header:
            return None
        digest = ApiKey.digest_of(self.get_key(header))
        api_key = ApiKey.objects.select_related("operator").filter(digest=digest).first()
        if api_key is None:
            raise AuthenticationFailed
        return api_key.operator, api_key

    def get_key(self, header: str) -> str:
        """Return the key in an ``Authorization`` header."""
        scheme, _, key = header.partition(" ")
        return key.strip() if scheme.lower() == "token" else header.strip()

    def authenticate_header(self, request: Request) -> str:
        """Return the ``WWW-Authenticate`` header of a 401."""
        return 'Token realm="api"'
