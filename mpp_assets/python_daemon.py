"""The process that Spark forks its Python workers from, which has loaded what they import.

Spark starts it, as `spark.python.daemon.module`. PySpark's own loads nothing, so each worker of a
run spends a second on the same libraries (decision 19). Nothing that starts a thread may be loaded
here. The embedding model's libraries are left to those that embed: many a run embeds nothing.
"""

import gc
from pkgutil import resolve_name

import pandas  # noqa: F401 - PySpark converts by it
import pyspark.worker  # noqa: F401
from pyspark import daemon

from mpp_assets.jobs import (  # noqa: F401
    embeddings,
    profiles,
    record_checks,
    store_sink,
    vector_quality,
)
from mpp_stores.targets import TARGETS

for target in TARGETS.values():
    resolve_name(target)

# PySpark collects garbage after every task. What was imported is none.
gc.freeze()

if __name__ == "__main__":
    daemon.manager()
