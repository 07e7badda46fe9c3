"""The rows of the tour: the rules of the API document, and settings, each with a request."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from example_project.demo.data import (
    NO_SUCH_THNG,
    NOTHING_KEY,
    RAINY_DAYS,
    READ_KEY,
    UMBRELLA,
    WRITE_KEY,
)

KEY_NAMES = {
    None: "without a key",
    WRITE_KEY: "",
    READ_KEY: "with a read-only key",
    NOTHING_KEY: "with a key without access",
}

THE_401 = (
    b'{"status":401,"errors":["Access denied, please check your credentials!"],'
    b'"code":33619968,"moreInfo":"{url}/errors/UNAUTHENTICATED"}'
)
"""The example of the API document, with a link."""

DOCUMENT_FIELDS = ("id", "name", "createdAt")
OPERATION_FIELDS = ("id", "href", "status", "createdAt")

KETTLE_AND_NOTHING = (
    '[{"name": "Tour kettle", "identifiers": {"serial": "{serial}-K"}}, {"tags": ["tour"]}]'
)
LANTERN = '{"name": "Tour lantern", "identifiers": {"serial": "{serial}"}}'


@dataclass(frozen=True)
class Row:
    """A row of the API document, or of a setting: a request and the expected response.

    ``makes`` is the path of the resource that the request creates, with the name of its id in
    braces. ``exactly`` is the whole body of the response; if it is ``None``, an error must have the
    ``code``, the ``messages`` and the further keys in ``shows``, and a success the ``fields`` and
    the values in ``shows``. A row that ``polls`` is repeated until its operation has finished.

    In ``path``, ``body`` and ``exactly`` these names in braces are replaced: the names in the
    ``makes`` of earlier rows, ``{serial}``, a serial number that is new in each tour, and
    ``{url}``, the URL of the server.
    """

    label: str
    method: str
    path: str
    status: int
    code: str | int | None = None
    key: str | None = WRITE_KEY
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    makes: str = ""
    required_headers: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    exactly: bytes | None = None
    shows: dict[str, object] = field(default_factory=dict)
    is_list: bool = False
    fields: tuple[str, ...] = DOCUMENT_FIELDS
    polls: bool = False


@dataclass(frozen=True)
class Section:
    """A heading with its rows, and a note to print."""

    title: str
    rows: tuple[Row, ...]
    note: str = ""


VERBS = Section(
    "HTTP verbs",
    (
        Row("GET", "GET", f"/thngs/{UMBRELLA}", 200, shows={"id": UMBRELLA, "name": "Umbrella"}),
        Row("POST", "POST", "/thngs", 201, body=LANTERN, makes="/thngs/{lantern}"),
        Row(
            "PUT",
            "PUT",
            "/thngs/{lantern}",
            200,
            body='{"tags": ["tour"]}',
            shows={"name": "Tour lantern", "tags": ["tour"]},
        ),
        Row("DELETE", "DELETE", "/thngs/{lantern}", 200, exactly=b""),
    ),
)

ACCEPTED = (
    Row(
        "202 Accepted",
        "POST",
        "/thngs/imports",
        202,
        body=KETTLE_AND_NOTHING,
        makes="/operations/{operation}",
        fields=OPERATION_FIELDS,
    ),
    Row(
        "its operation, when it has finished",
        "GET",
        "/operations/{operation}",
        200,
        fields=OPERATION_FIELDS,
        polls=True,
        shows={
            "status": "successful",
            "result": {
                "total": 2,
                "created": 1,
                "rejected": 1,
                "rejections": [
                    {
                        "row": 1,
                        "code": "INVALID_CONTENT",
                        "errors": ["[1].name: This field is required."],
                    }
                ],
            },
        },
    ),
)

SUCCESSES = Section(
    "Success codes",
    (
        Row(
            "200 OK",
            "GET",
            "/thngs?perPage=1",
            200,
            is_list=True,
            required_headers=("Link",),
            shows={"id": UMBRELLA},
        ),
        Row(
            "201 Created",
            "POST",
            "/collections",
            201,
            body='{"name": "Tour shelf"}',
            makes="/collections/{shelf}",
            shows={"name": "Tour shelf"},
        ),
        *ACCEPTED,
        Row(
            "200 OK (updated)",
            "PUT",
            "/collections/{shelf}/thngs",
            200,
            body=f'["{UMBRELLA}"]',
            is_list=True,
            shows={"id": UMBRELLA},
        ),
        Row(
            "204 No Content",
            "DELETE",
            f"/collections/{{shelf}}/thngs/{UMBRELLA}",
            204,
            exactly=b"",
        ),
    ),
)

ERRORS = Section(
    "Error codes",
    (
        Row(
            "400 Bad Request",
            "POST",
            "/thngs",
            400,
            "INVALID_CONTENT",
            body='{"name": "Tour lantern"',
        ),
        Row("401 Unauthorized", "GET", "/thngs", 401, 33619968, key=None, exactly=THE_401),
        Row("403 Forbidden", "GET", "/thngs", 403, "ACCESS_FORBIDDEN", key=NOTHING_KEY),
        Row("404 Not found", "GET", "/umbrellas", 404, "MISSING_RESOURCE"),
        Row(
            "405 Method Not Allowed",
            "PATCH",
            f"/thngs/{UMBRELLA}",
            405,
            "METHOD_NOT_ALLOWED",
            body='{"tags": []}',
        ),
        Row(
            "415 Unsupported Media Type (sent)",
            "POST",
            "/thngs",
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            body="<thng><name>Tour lantern</name></thng>",
            headers={"Content-Type": "application/xml"},
        ),
        Row(
            "415 Unsupported Media Type (requested)",
            "GET",
            "/thngs",
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            headers={"Accept": "application/xml"},
        ),
        Row("500 Internal Server Error", "GET", "/_status/500", 500, "INTERNAL_ERROR"),
        Row("503 Service Unavailable", "GET", "/_status/503", 503, "SERVICE_UNAVAILABLE"),
        Row("504 Gateway Timeout", "GET", "/_status/504", 504, "GATEWAY_TIMEOUT"),
    ),
)

CODES = Section(
    "Error messages",
    (
        Row("INVALID_ID", "GET", "/thngs/not-an-id", 400, "INVALID_ID"),
        Row(
            "INVALID_CONTENT",
            "POST",
            "/thngs",
            400,
            "INVALID_CONTENT",
            body='{"tags": ["tour"]}',
            messages=("name: This field is required.",),
        ),
        Row("INVALID_STATE", "DELETE", f"/collections/{RAINY_DAYS}", 400, "INVALID_STATE"),
        Row("MISSING_RESOURCE", "GET", f"/thngs/{NO_SUCH_THNG}", 404, "MISSING_RESOURCE"),
        Row(
            "ALREADY_EXISTS",
            "POST",
            "/thngs",
            400,
            "ALREADY_EXISTS",
            body='{"name": "Tour lantern", "identifiers": {"serial": "UMB-0001"}}',
            messages=("identifiers.serial: Another resource has the same value for this field.",),
        ),
        Row("ACCESS_FORBIDDEN", "GET", "/access", 403, "ACCESS_FORBIDDEN", key=NOTHING_KEY),
        Row(
            "METHOD_FORBIDDEN",
            "POST",
            "/thngs",
            403,
            "METHOD_FORBIDDEN",
            key=READ_KEY,
            body='{"name": "Tour lantern"}',
        ),
    ),
)

PAGE_FIELDS = ("name", "status", "description", "advice", "example", "related")

MORE_INFO = Section(
    "More info",
    (
        Row(
            "moreInfo of INVALID_ID",
            "GET",
            "/errors/INVALID_ID",
            200,
            key=None,
            fields=PAGE_FIELDS,
            shows={"name": "INVALID_ID", "status": 400},
        ),
    ),
    "The same URL is an HTML page in a browser.",
)

PROGRAMS = Section(
    "Errors for programs",
    (
        Row(
            "a message for each field of a form",
            "POST",
            "/thngs",
            400,
            "INVALID_CONTENT",
            body='{"name": "", "tags": ["tour", ""]}',
            messages=(
                "name: This field may not be blank.",
                "tags[1]: This field may not be blank.",
            ),
        ),
        Row(
            "the code in a header (CODE_HEADER)",
            "HEAD",
            f"/thngs/{NO_SUCH_THNG}",
            404,
            required_headers=("X-Error-Code",),
            exactly=b"",
        ),
        Row(
            "the id of the request in the body (BODY)",
            "GET",
            f"/thngs/{NO_SUCH_THNG}",
            404,
            "MISSING_RESOURCE",
            headers={"X-Request-ID": "tour-1"},
            required_headers=("X-Error-Code",),
            shows={"requestId": "tour-1"},
        ),
    ),
    "EXAMPLE_DETAILS=1 make demo adds details (field, pointer, code) and leaves the tour out.",
)

SECTIONS = (VERBS, SUCCESSES, ERRORS, CODES, MORE_INFO, PROGRAMS)


def get_sections(immediate: bool) -> tuple[Section, ...]:
    """Return the sections; those for a server that runs all tasks immediately have no 202."""
    if not immediate:
        return SECTIONS
    rows = tuple(row for row in SUCCESSES.rows if row not in ACCEPTED)
    note = "202 Accepted is left out: EXAMPLE_TASKS=immediate runs tasks immediately."
    shown = replace(SUCCESSES, rows=rows, note=note)
    return tuple(shown if section is SUCCESSES else section for section in SECTIONS)
