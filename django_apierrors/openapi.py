"""OpenAPI: the schema class for drf-spectacular, which knows how each operation can fail.

`REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "django_apierrors.openapi.AutoSchema"}`, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from drf_spectacular import openapi
from drf_spectacular.plumbing import ResolvedComponent, force_instance, is_list_serializer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiRequest, OpenApiResponse
from rest_framework.serializers import Serializer

from django_apierrors import schemas
from django_apierrors.contracts import find_errors, get_success_statuses
from django_apierrors.endpoints import Endpoint
from django_apierrors.mixins import LocationMixin
from django_apierrors.operations import OperationView
from django_apierrors.schemas import Schema
from django_apierrors.scope import is_excluded

if TYPE_CHECKING:
    from drf_spectacular.utils import Direction
    from rest_framework.request import Request

    from django_apierrors.errors import Error

# By any of these a view tells its serializer; a generic one has them all.
SERIALIZER_ATTRIBUTES = ("get_serializer", "get_serializer_class", "serializer_class")


class AutoSchema(openapi.AutoSchema):
    """drf-spectacular's, with the success statuses of the view and the errors it can answer.

    What `@extend_schema` says of a status holds; ours are added for the others.
    """

    def get_errors(self) -> Sequence[Error]:
        """Return the errors that the operation can answer; override it to add or to leave out."""
        body: Any = self.get_request_serializer()
        if isinstance(body, dict):
            # By media types.
            body = next(iter(body.values()), None)
        if isinstance(body, OpenApiRequest):
            body = body.request
        body = force_instance(body)  # type: ignore[no-untyped-call]
        return find_errors(Endpoint(self.view, self.method, self.path_regex, body))

    def get_request_serializer(self) -> Any:
        """Return what reads the body; with `partial_put` a PUT may leave out what PATCH may."""
        serializer = super().get_request_serializer()
        is_partial = Endpoint(self.view, self.method).is_partial
        if self.method == "PUT" and is_partial and isinstance(serializer, Serializer):
            serializer.partial = True
        return serializer

    def get_response_serializers(self) -> Any:
        """Return what the operation succeeds with, by status."""
        statuses = get_success_statuses(self.view, self.method, self.path_regex)
        return {status: self._get_success(status) for status in statuses}

    def _get_success(self, status: int) -> Any:
        if status == 202 or isinstance(self.view, OperationView):
            return OpenApiResponse(self._refer_to_operation(), gettext("How the operation stands."))
        if status == 204 or self.method == "DELETE":
            return None
        return self._get_serializer()

    def _get_serializer(self) -> Any:
        # drf-spectacular warns of both, and documents no body at all.
        if not any(hasattr(self.view, name) for name in SERIALIZER_ATTRIBUTES):
            return OpenApiTypes.ANY
        serializer = super()._get_serializer()  # type: ignore[no-untyped-call]
        # As of an AcceptedAPIView that takes nothing from the body.
        return OpenApiTypes.OBJECT if type(serializer) is Serializer else serializer

    # No seam of drf-spectacular's sees what @extend_schema has made of the responses.
    def _get_response_bodies(self, direction: Direction = "response") -> Schema:
        if direction != "response":
            # Of a callback, which somebody else's server answers.
            return super()._get_response_bodies(direction)
        given = self.get_response_serializers()
        if isinstance(given, dict):
            bodies: Schema = super()._get_response_bodies()
        else:
            # For a serializer alone drf-spectacular would guess the status.
            statuses = get_success_statuses(self.view, self.method, self.path_regex)
            bodies = self._get_bodies(dict.fromkeys(statuses, given))
        if not any(code[0] in "123d" for code in bodies):
            bodies |= self._get_bodies(AutoSchema.get_response_serializers(self))
        if not is_excluded(self.view.request):
            self._add_errors(bodies)
        return dict(sorted(bodies.items()))

    def _get_bodies(self, successes: Mapping[int, Any]) -> Schema:
        return {
            str(status): self._get_response_for_code(
                None if status == 204 else success, str(status)
            )  # type: ignore[no-untyped-call]
            for status, success in successes.items()
        }

    def _add_errors(self, bodies: Schema) -> None:
        for status, group in groupby(self.get_errors(), lambda error: error.status):
            if not {str(status), f"{status // 100}XX"} & bodies.keys():
                bodies[str(status)] = self._get_error_response(list(group))

    def _get_error_response(self, errors: Sequence[Error]) -> Schema:
        name = schemas.find_shared_name(errors)
        response = schemas.make_error_response(errors, self._refer_to_error(), self._get_request())
        return self._refer(ResolvedComponent.RESPONSE, name, response) if name else response

    def _get_request(self) -> Request | None:
        """Return the request for the schema, `None` where a command makes it, which has no host."""
        request: Request = self.view.request
        return request if "HTTP_HOST" in request.META else None

    def _get_response_headers_for_code(
        self, status_code: str, direction: Direction = "response"
    ) -> Schema:
        headers: Schema = super()._get_response_headers_for_code(status_code, direction)
        if direction == "response" and status_code.isdecimal():
            headers = self._get_own_headers(int(status_code)) | headers
        return headers

    def _get_own_headers(self, status: int) -> Schema:
        if isinstance(self.view, OperationView) and status == 200:
            # Once the work is done there is nothing to wait for.
            return schemas.make_headers(["Retry-After"], is_required=False)
        if status == 201 and not self._has_location():
            return {}
        return schemas.make_headers(schemas.get_header_names(status))

    def _has_location(self) -> bool:
        is_ours = isinstance(self.view, LocationMixin)
        return is_ours and not is_list_serializer(self.get_request_serializer())

    def _refer_to_error(self) -> Schema:
        schema = schemas.make_error_schema()
        return self._refer(ResolvedComponent.SCHEMA, schemas.ERROR, schema)

    def _refer_to_operation(self) -> Schema:
        schema = schemas.make_operation_schema(self._refer_to_error())
        return self._refer(ResolvedComponent.SCHEMA, schemas.OPERATION, schema)

    def _refer(self, kind: str, name: str, schema: Schema) -> Schema:
        component = ResolvedComponent(name, kind, schema, name)  # type: ignore[no-untyped-call]
        self.registry.register_on_missing(component)
        return component.ref
