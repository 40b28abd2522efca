"""What can go wrong with a model, in our own words.

Errors of langchain-openai, openai and httpx stop at this wall. The text of a provider's error may quote the
key or the prompt, so none of it is kept: ``str(error)`` is safe to log and ``sentence`` is safe to show.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import ClassVar

#: How a sentence says when to try again where the provider has not said it.
IN_A_MINUTE = "in a minute"


class ModelError(Exception):
    """A model did not answer. ``str()`` is the code and its origin: "model_busy (OpenAIRateLimitError, HTTP 429)".

    ``retryable``: the same request may succeed if it is made again. ``retry_after``: seconds the provider asked
    to wait, or None. ``another_model_may_answer``: the fault lies with this model or its provider, not with the
    request. ``detail`` must hold neither secrets nor anything a person wrote.
    """

    code: ClassVar[str] = "model_failed"
    sentence: ClassVar[str] = "I could not answer because of a problem on our side. Please try again."
    retryable: ClassVar[bool] = False
    another_model_may_answer: ClassVar[bool] = True

    def __init__(self, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(f"{self.code} ({detail})" if detail else self.code)
        self.retry_after = retry_after


class ModelBusy(ModelError):
    code = "model_busy"
    sentence = f"Very many people are asking at the moment. Please try again {IN_A_MINUTE}."
    retryable = True


class ModelQuotaSpent(ModelError):
    """The operator's account with the provider is empty."""

    code = "model_quota_spent"
    sentence = "I cannot answer at the moment because of a problem on our side. We have been told about it."


class ModelUnavailable(ModelError):
    """The provider cannot be reached, or reports a failure of its own."""

    code = "model_unavailable"
    sentence = f"I cannot reach the service that writes my answers. Please try again {IN_A_MINUTE}."
    retryable = True


class ModelTimedOut(ModelError):
    code = "model_timed_out"
    sentence = "The answer took too long, so I stopped waiting. Please try again."
    retryable = True


class BrokenReply(ModelError):
    """The answer began and broke off, or cannot be read."""

    code = "broken_reply"
    sentence = "My answer broke off. Please try again."
    retryable = True


class ModelMisconfigured(ModelError):
    """Key, address or name of the model is wrong: for the operator to put right."""

    code = "model_misconfigured"
    sentence = "I cannot answer at the moment because of a problem on our side. We have been told about it."


class ModelRejectedRequest(ModelError):
    code = "model_rejected_request"
    sentence = "I could not make sense of this conversation for a technical reason. Please start a new one."


class ConversationTooLong(ModelError):
    code = "conversation_too_long"
    sentence = "This conversation has become too long for me. Please start a new one; I keep what I know about you."


class ModelRefused(ModelError):
    """A content filter stopped the answer, or the model declined to give one."""

    code = "model_refused"
    sentence = "I cannot help with that. If you think this is wrong, ask for a person."
    another_model_may_answer = False


#: "package.Class" of a foreign error: ours. The first class of its MRO found here decides. Names and not
#: classes, because importing openai costs seconds and a process may never need it.
_KNOWN: dict[str, type[ModelError]] = {
    "langchain_openai.OpenAIContextOverflowError": ConversationTooLong,
    "langchain_openai.OpenAIAPIContextOverflowError": ConversationTooLong,
    "langchain_openai.OpenAIRefusalError": ModelRefused,
    "openai.ContentFilterFinishReasonError": ModelRefused,
    "openai.LengthFinishReasonError": BrokenReply,
    "openai.AuthenticationError": ModelMisconfigured,
    "openai.PermissionDeniedError": ModelMisconfigured,
    "openai.NotFoundError": ModelMisconfigured,
    "openai.BadRequestError": ModelRejectedRequest,
    "openai.UnprocessableEntityError": ModelRejectedRequest,
    "openai.RateLimitError": ModelBusy,
    "openai.ConflictError": ModelUnavailable,
    "openai.InternalServerError": ModelUnavailable,
    "openai.APITimeoutError": ModelTimedOut,
    "openai.APIConnectionError": ModelUnavailable,
    "openai.APIStatusError": ModelRejectedRequest,
    # Left over: an error event inside a stream whose HTTP status was 200.
    "openai.APIError": BrokenReply,
    "openai.OpenAIError": ModelMisconfigured,
    "langchain_core.ContextOverflowError": ConversationTooLong,
    "langchain_core.ModelAuthenticationError": ModelMisconfigured,
    "langchain_core.ModelPermissionDeniedError": ModelMisconfigured,
    "langchain_core.ModelNotFoundError": ModelMisconfigured,
    "langchain_core.ModelInvalidRequestError": ModelRejectedRequest,
    "langchain_core.ModelRateLimitError": ModelBusy,
    "langchain_core.ModelTimeoutError": ModelTimedOut,
    "langchain_core.ModelAPIError": ModelUnavailable,
    "langchain_core.ModelConnectionError": ModelUnavailable,
    "httpx.TimeoutException": ModelTimedOut,
    "httpx2.TimeoutException": ModelTimedOut,
    "httpx.TransportError": ModelUnavailable,
    "httpx2.TransportError": ModelUnavailable,
    "builtins.TimeoutError": ModelTimedOut,
}
#: What the provider calls the error decides before its class does.
_KNOWN_CODES = {"insufficient_quota": ModelQuotaSpent, "context_length_exceeded": ConversationTooLong}
#: Somewhere below a connection error: the connection stood and was lost.
_CUT = {"httpx.ReadError", "httpx.RemoteProtocolError", "httpx2.ReadError", "httpx2.RemoteProtocolError"}
#: What the libraries raise when a reply is not the JSON, or not of the shape, that they expect.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)


def model_error(exc: BaseException) -> ModelError | None:
    """The error of ours that stands for ``exc``, itself if it is one, or None if no model or network raised it."""
    if isinstance(exc, ModelError):
        return exc
    kind = next((_KNOWN[name] for name in _names(exc) if name in _KNOWN), None)
    if kind is None:
        return None
    kind = _KNOWN_CODES.get(_provider_code(exc), kind)
    if kind is ModelUnavailable and any(_CUT.intersection(_names(link)) for link in _causes(exc)):
        kind = BrokenReply
    return kind(_origin(exc), retry_after=_retry_after(exc))


@contextmanager
def wrap_model_errors() -> Iterator[None]:
    """Stand around a call of a model: what the model or the network raises leaves as a ``ModelError``.

    A reply that cannot be read leaves as ``BrokenReply``. Cancellation, and errors that are none of these,
    pass unchanged. The foreign error is not chained: its text could carry the key into a log.
    """
    try:
        yield
    except Exception as exc:
        error = model_error(exc)
        if error is None and isinstance(exc, _UNREADABLE):
            error = BrokenReply(f"{type(exc).__name__} at {_place(exc)}")
        if error is None or error is exc:
            raise
        raise error from None


def _names(exc: BaseException) -> list[str]:
    return [f"{cls.__module__.partition('.')[0]}.{cls.__name__}" for cls in type(exc).__mro__]


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__


def _provider_code(exc: BaseException) -> str:
    """The provider's word for the error ("insufficient_quota"); empty unless it is one plain word."""
    code = getattr(exc, "code", None) or getattr(exc, "type", None)
    return code if isinstance(code, str) and re.fullmatch(r"[a-z][a-z_]{1,40}", code) else ""


def _origin(exc: BaseException) -> str:
    status = getattr(exc, "status_code", None)
    parts = (type(exc).__name__, f"HTTP {status}" if isinstance(status, int) else "", _provider_code(exc))
    return ", ".join(part for part in parts if part)


def _place(exc: BaseException) -> str:
    """Module and line that raised, which is all that may be told of an error with an unknown text."""
    trace = exc.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace else "?"


def _retry_after(exc: BaseException) -> float | None:
    """Seconds from the Retry-After header, which holds seconds or an HTTP date (RFC 9110, 10.2.3)."""
    value = getattr(getattr(exc, "response", None), "headers", {}).get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
