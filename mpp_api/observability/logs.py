"""How the service logs: JSON for machines or text for people, and nobody's data in either.

An erasure does not reach logs, so they must not hold what it would have to remove. Errors
of drivers can quote the values of a query. Of a store's refusal, and of an exception with
a traceback, the kind and the place are logged and not the words.
"""

import logging
import traceback
from enum import StrEnum
from typing import Any, Final

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from mpp_api.observability.request_context import request_id
from mpp_stores.api_keys import InvalidKeyFile
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
            # Uvicorn's, the message again with a terminal's colours.
            reserved_attrs=[*RESERVED_ATTRS, "color_message"],
        )


class TextLines(_Traceback, logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s%(request)s")

    def format(self, record: logging.LogRecord) -> str:
        own = getattr(record, "request_id", "")
        record.request = f" [{own}]" if own else ""
        return super().format(record)


_FORMATTERS: Final = {LogFormat.JSON: JsonLines, LogFormat.TEXT: TextLines}
_HARMLESS: Final = (InvalidKeyFile, OSError)
"""They name a file, a position or an address."""

_OURS: Final = ("mpp_api", "mpp_stores")
_DRIVERS: Final = frozenset({"neo4j", "psycopg", "psycopg_pool", "pymilvus", "pymongo", "redis"})
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
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            **{name: {"level": "INFO"} for name in _OURS},
            **{name: {"level": "INFO", "handlers": [], "propagate": True} for name in _UVICORN},
            **{name: {"level": "CRITICAL"} for name in _SILENCED},
        },
    }


def _described(argument: object) -> object:
    """The argument, or less of it where it is an exception whose words may quote somebody."""
    if not isinstance(argument, BaseException) or isinstance(argument, _HARMLESS):
        return argument
    if not isinstance(argument, StoreError):
        return type(argument).__name__
    cause = argument.cause
    if isinstance(cause, str | OSError) or (argument.retryable and _is_a_drivers(cause)):
        return argument
    return f"{argument.store}: could not {argument.attempted}: {_kind(cause)}"


def _is_a_drivers(cause: BaseException) -> bool:
    """What a driver says of a connection that failed, it says of the connection."""
    return type(cause).__module__.partition(".")[0] in _DRIVERS


def _kind(cause: BaseException) -> str:
    """With the driver's code, which can be looked up where the words are missing."""
    codes = (getattr(cause, name, None) for name in ("sqlstate", "code"))
    code = next((code for code in codes if isinstance(code, str | int)), None)
    return type(cause).__name__ if code is None else f"{type(cause).__name__} {code}"
