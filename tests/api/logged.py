import io
import logging
import logging.config
from collections.abc import Iterator
from contextlib import contextmanager

from mpp_api.observability.logs import LogFormat, logging_configuration


@contextmanager
def logging_as(log_format: LogFormat) -> Iterator[io.StringIO]:
    """Log as the served service does, into a buffer; as before when the block ends."""
    configuration = logging_configuration(log_format)
    output = io.StringIO()
    configuration["handlers"]["stderr"]["stream"] = output
    configured = [logging.getLogger(), *map(logging.getLogger, configuration["loggers"])]
    before = [
        (each, each.level, each.handlers[:], each.propagate, each.disabled) for each in configured
    ]
    logging.config.dictConfig(configuration)
    try:
        yield output
    finally:
        for logger, level, handlers, propagate, disabled in before:
            logger.setLevel(level)
            logger.handlers[:] = handlers
            logger.propagate, logger.disabled = propagate, disabled
