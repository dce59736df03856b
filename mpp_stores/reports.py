"""Where the files of the analytics report are.

    reports/analytics_report.{json,html}                     of the served release
    reports/materializations/<number>/analytics_report.{json,html}

A report is written beside the others and shown when the release that names it is served.
"""

import shutil
from pathlib import Path

JSON_NAME = "analytics_report.json"
HTML_NAME = "analytics_report.html"
NAMES = (JSON_NAME, HTML_NAME)


def report_folder(reports: Path, materialization: int) -> Path:
    return reports / "materializations" / str(materialization)


def show_report(reports: Path, materialization: int) -> None:
    """Make the report of the materialization the one that people open; each file in one step."""
    for name in NAMES:
        partial = reports / f".{name}.partial"
        shutil.copyfile(report_folder(reports, materialization) / name, partial)
        partial.replace(reports / name)


def drop_report(reports: Path, materialization: int) -> None:
    shutil.rmtree(report_folder(reports, materialization), ignore_errors=True)
