"""Answers: what exceptions that are all alike are answered with, made once.

The errors of an API under attack are of a few kinds (no credentials, no such method) that differ in
nothing. Exceptions of DRF's and ours are remembered by all that recognition looks at, errors
without messages of their own by their code: nothing of the request is in the body then, and of the
view only headers, which are added each time. So are the errors of a serializer, by their texts.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import get_language
from rest_framework.exceptions import ParseError, Throttled, ValidationError

from django_apierrors import refusals
from django_apierrors.conf import api_errors
from django_apierrors.details import Items
from django_apierrors.errors import is_template
from django_apierrors.headers import add_nosniff, add_required_headers
from django_apierrors.memory import Memory, is_lasting
from django_apierrors.parsers import JSONParseError
from django_apierrors.recognition import OWN_TEXTS, recognise
from django_apierrors.refusals import Refusal, get_detail
from django_apierrors.relations import SUSPECT, may_be_about_keys
from django_apierrors.renderers import is_html
from django_apierrors.reporting import show_reference
from django_apierrors.responses import APIErrorResponse
from django_apierrors.rows import BY_FIELD
from django_apierrors.segments import get_names_of_no_field

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from django_apierrors.errors import Error

# What these say, they say of what was sent, or of the time.
VARYING = (ParseError, ValidationError, Throttled)

# Of a class of their own they may have more in them.
VALIDATION_ERRORS = (ValidationError, refusals.ValidationError)

# What is remembered of the errors of one document, which a client may make as long as it likes.
MAX_FIELDS, MAX_LENGTH = 100, 4_096

# What parts them; a document in which it stands itself is not remembered.
BETWEEN = "\0"

# What such errors are made of, and what their exception has; all else is recognised each time.
LISTS, NAMES, DETAIL_ALONE = {list}, {str}, {"detail"}

# What DRF and we put on an exception. Anything else would be kept with it: a request, say.
ATTRIBUTES = frozenset({"detail", "auth_header", "wait"})


class Answer(NamedTuple):
    """What an exception was recognised as, and the response where that is always the same."""

    error: Error
    response: APIErrorResponse | None = None
    # Kept, so that its id in the key stays its own.
    default_detail: object = None
    language: str | None = None

    def get_response(
        self, request: Request | None, view: APIView | None
    ) -> APIErrorResponse | None:
        """Return a response like all others, `None` where one is to be made for this request."""
        if self.response is None or _negotiated_html(request):
            return None
        return _copy(self.response, request, view)


class Constant(NamedTuple):
    """The response for all errors of a code; that for bugs has the reference of one of them."""

    response: APIErrorResponse
    reference: str


_answers: Memory[Answer] = Memory()
# Apart, since a client chooses what is wrong with a document, and where, and so how many there are:
# one that is malformed, and one that a serializer refuses.
_answers_to_documents: Memory[Answer] = Memory()
_answers_to_errors: Memory[Answer] = Memory()
_constants: Memory[Constant] = Memory()


def get_answer(exception: BaseException) -> Answer:
    """Return the answer to `exception`; that of one like it, if there was one."""
    if type(exception) in VALIDATION_ERRORS:
        return _get_answer_to_errors(exception)
    if type(exception) is JSONParseError:
        # Its text is no default one in any language.
        answers, language = _answers_to_documents.recall(), None
    elif _is_plain(exception):
        answers, language = _answers.recall(), get_language()
    else:
        return Answer(recognise(exception))
    # Before recognition, which reads the text of a refusal.
    key = _make_key(exception, language)
    try:
        answer = answers.get(key)
    except TypeError:
        # A challenge may be anything that an authenticator returns.
        return Answer(recognise(exception), None, None, language)
    if answer is None:
        answer = answers[key] = _make_answer(exception, recognise(exception), language)
    return answer


def _get_answer_to_errors(exception: BaseException) -> Answer:
    answers = _answers_to_errors.recall()
    try:
        key = _make_key_of_errors(exception)
        answer = answers.get(key) if key is not None else None
    except TypeError:
        # A code may be anything.
        key = answer = None
    if answer is not None:
        return answer
    error = recognise(exception)
    if key is None or not error.items or error.left_out:
        # The catalogue's own text, and how many were left out, are said in the language of each.
        return Answer(error)
    # In texts of our own: a project may have put anything on its.
    error = error._replace(items=Items([*error.items]))
    made = answers[key] = _make_answer(exception, error)
    return made


def _make_key_of_errors(exception: Any) -> Hashable | None:
    """Return what tells the errors of the fields of one document from those of any other.

    That is their names, texts and codes, one of each; as one text, since DRF's texts have a hash
    that is computed in Python. `None` for others: what is said of no field may be a default text of
    the language that is spoken, and of a foreign key it matters what was sent.
    """
    detail = get_detail(exception)
    if (
        type(detail) not in BY_FIELD
        or len(detail) > MAX_FIELDS
        or vars(exception).keys() - DETAIL_ALONE
    ):
        return None
    lists = [*detail.values()]
    if {*map(type, lists)} != LISTS or {*map(type, detail)} != NAMES:
        return None
    try:
        texts = [text for [text] in lists]
        codes = [text.code for text in texts]
    except (ValueError, AttributeError):
        return None
    if not {"", *get_names_of_no_field()}.isdisjoint(detail):
        return None
    if not SUSPECT.isdisjoint(codes) and may_be_about_keys(detail):
        return None
    key = BETWEEN.join((*detail, *texts, *codes))
    if len(key) > MAX_LENGTH or key.count(BETWEEN) != 3 * len(texts) - 1:
        return None
    return (type(exception), exception.status_code, exception.default_code, key)


def _make_answer(exception: BaseException, error: Error, language: str | None = None) -> Answer:
    may_hide = api_errors.HIDE_FORBIDDEN and error.status in (401, 403)
    # What is forbidden goes by what else the caller may do, or by the object.
    goes_by_caller = error.code.name == "ACCESS_FORBIDDEN" or may_hide
    response = None if goes_by_caller else _make_constant(error)
    return Answer(error, response, getattr(exception, "default_detail", None), language)


def recall_response(
    error: Error,
    language: str | None,
    request: Request | None,
    view: APIView | None,
    reference: str = "",
) -> APIErrorResponse | None:
    """Return the response for an error that has no messages but its code's, `None` for others.

    `language` is the one that is spoken, where that has been asked already; `reference` that of a
    bug, which takes the place of the first one's.
    """
    if error.items or _negotiated_html(request):
        return None
    headers = error.headers.items()
    key = (error.code.name, error.status, *headers, language or get_language(), bool(reference))
    constants = _constants.recall()
    known = constants.get(key)
    if known is None:
        made = _make_constant(show_reference(error, reference))
        if made is None:
            return None
        known = constants[key] = Constant(made, reference)
    response = _copy(known.response, request, view)
    if reference:
        response.replace_in_bytes(known.reference, reference)
    return response


def _negotiated_html(request: Request | None) -> bool:
    """Tell whether a page is to be made."""
    return is_html(getattr(request, "accepted_renderer", None))


def _copy(
    constant: APIErrorResponse, request: Request | None, view: APIView | None
) -> APIErrorResponse:
    """Return a response like `constant`."""
    response = constant.copy(request, view)
    add_required_headers(response, request, view)
    return response


def _make_constant(error: Error) -> APIErrorResponse | None:
    """Return the response for `error`, `None` where it is not the same for all requests."""
    more_info = api_errors.MORE_INFO
    is_linked = bool(more_info) and not is_template(more_info)
    # A problem, and the link to a page of our own, go by the request; a lazy text of the project's
    # by anything.
    if api_errors.PROBLEM_JSON or is_linked or not is_lasting(error.code.message):
        return None
    response = APIErrorResponse(error.get_body(), error.status, error.headers)
    response.remember_bytes()
    add_nosniff(response)
    return response


def _is_plain(exception: BaseException) -> bool:
    """Tell whether `exception` is DRF's or ours, and has one text that is no place."""
    if type(exception).__module__ not in OWN_TEXTS or isinstance(exception, VARYING):
        return False
    if not vars(exception).keys() <= ATTRIBUTES:
        return False
    if isinstance(exception, Refusal) and not exception.is_read:
        return True
    return isinstance(getattr(exception, "detail", None), str)


def _make_key(exception: Any, language: str | None) -> Hashable:
    """Return all that recognition looks at of an APIException of DRF's or ours."""
    return (
        type(exception),
        exception.status_code,
        exception.default_code,
        id(exception.default_detail),
        language,
        *vars(exception).items(),
    )
