"""How the service logs: JSON for machines or text for people, and nobody's data in either.

An erasure does not reach logs, so they must not hold what it would have to remove. Errors
of drivers can quote the values of a query. Of a store's refusal, and of an exception with
a traceback, the kind and the place are logged and not the words.
"""

import logging
import traceback
from enum import StrEnum
from typing import Any, Final

from pythonjsonlogger.json import JsonFormatter

from mpp_api.observability.request_context import request_id
from mpp_stores.errors import StoreError


class LogFormat(StrEnum):
    JSON = "json"
    TEXT = "text"


class RequestFilter(logging.Filter):
    """Gives each record the request's id, and takes the words out of exceptions in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        if isinstance(record.args, tuple):
            record.args = tuple(_described(argument) for argument in record.args)
        return True


class _Traceback:
    """Where an exception was raised and what kind it is; for the formatters below."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        error: BaseException | None = ei[1]
        parts: list[str] = []
        while error is not None:
            places = "".join(traceback.format_tb(error.__traceback__))
            parts.insert(0, f"{places}{type(error).__qualname__}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(parts)


class JsonLines(_Traceback, JsonFormatter):
    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s %(request_id)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
        )


class TextLines(_Traceback, logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s%(request)s")

    def format(self, record: logging.LogRecord) -> str:
        own = getattr(record, "request_id", "")
        record.request = f" [{own}]" if own else ""
        return super().format(record)


_FORMATTERS: Final = {LogFormat.JSON: JsonLines, LogFormat.TEXT: TextLines}
_UVICORN: Final = ("uvicorn", "uvicorn.error", "uvicorn.access")
# It logs the calls that fail with their filters, before the error reaches who reports it.
_SILENCED: Final = ("pymilvus",)


def logging_configuration(log_format: LogFormat) -> dict[str, Any]:
    """For `logging.config.dictConfig`: everything to stderr, uvicorn's own records too."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": _FORMATTERS[log_format]}},
        "filters": {"request": {"()": RequestFilter}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "lines",
                "filters": ["request"],
            }
        },
        "root": {"level": "INFO", "handlers": ["stderr"]},
        "loggers": {
            **{name: {"level": "INFO", "handlers": [], "propagate": True} for name in _UVICORN},
            **{name: {"level": "CRITICAL"} for name in _SILENCED},
        },
    }


def _described(argument: object) -> object:
    if isinstance(argument, StoreError) and not argument.retryable:
        cause = argument.cause
        kind = type(cause).__name__ if isinstance(cause, BaseException) else "refused"
        return f"{argument.store}: could not {argument.attempted}: {kind}{_code(cause)}"
    if isinstance(argument, StoreError) or not isinstance(argument, BaseException):
        return argument
    return type(argument).__name__


def _code(cause: object) -> str:
    """The driver's code for what is wrong, which is looked up where words would have been."""
    for name in ("sqlstate", "code"):
        code = getattr(cause, name, None)
        if isinstance(code, str | int):
            return f" {code}"
    return ""
