"""The marketing personalization pipeline, a task an asset.

Written by `mpp export-airflow`, which finds all of it in the pipeline's definitions: change
those and export again.

Each task runs in the Python of the platform, which MPP_PYTHON or the Airflow Variable
`mpp_python` names, on a worker whose environment has DAGSTER_HOME, MPP_HOME and the stores'
MPP_* addresses. A task is over when the blocking checks of its assets have passed.
"""

import os
import signal
import subprocess
from contextlib import suppress
from datetime import datetime, timedelta, timezone

try:  # Airflow 3
    from airflow.sdk import DAG, BaseOperator, Param
except ImportError:  # Airflow 2.10
    from airflow.models.baseoperator import BaseOperator
    from airflow.models.dag import DAG
    from airflow.models.param import Param
try:  # Airflow 3.1
    from airflow.sdk.exceptions import AirflowException, AirflowFailException
except ImportError:
    from airflow.exceptions import AirflowException, AirflowFailException
from airflow.timetables.interval import CronDataIntervalTimetable

UTC = timezone.utc  # noqa: UP017 - Airflow 2.10 runs on Python older than datetime.UTC

REFUSED = 3
"""Exit status of what fails again when it is tried again, a failed check above all."""

SECONDS_TO_END = 20
"""How long a task that is killed has to end its run, before it is ended with all it started."""


class RunAssets(BaseOperator):
    """Materializes assets and runs their checks, in a process and a Dagster run of their own."""

    template_fields = ("python",)

    def __init__(self, *, assets, python="{{ var.value.get('mpp_python', '') }}", **kwargs):
        super().__init__(**kwargs)
        self.assets = assets
        self.python = python
        self._process = None

    def execute(self, context):
        python = os.environ.get("MPP_PYTHON") or self.python
        if not python:
            raise AirflowFailException(
                "the platform's Python is not known: set MPP_PYTHON for this worker, "
                "or the Airflow Variable mpp_python, to its path"
            )
        command = [python, "-P", "-W", "ignore", "-m", "mpp_assets.run_assets"]
        command += ["--day", day_of(context), "--orchestrator", f"airflow {self.dag_id}"]
        self._process = subprocess.Popen(  # noqa: S603 - a path that the deployment names
            [*command, *self.assets],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            for line in self._process.stdout:
                self.log.info("%s", line.rstrip())
            status = self._process.wait()
        finally:
            self.on_kill()
        if status == REFUSED:
            raise AirflowFailException("refused or found wrong: trying again would not help")
        if status != 0:
            raise AirflowException(f"the process ended with status {status}")

    def on_kill(self):
        """End the run; Dagster shows it as ended. After some seconds, end the whole group."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS_TO_END)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def day_of(context):
    """The UTC day that a run is for: the one it was triggered with, else its interval's."""
    if asked := context["params"].get("day"):
        return asked
    start = context.get("data_interval_start")
    if start is None:  # Airflow 3, triggered without a logical date
        start = context["dag_run"].run_after - timedelta(days=1)
    return start.astimezone(UTC).date().isoformat()


with DAG(
    dag_id="marketing_personalization_pipeline",
    description="Conversation events to a published release of all stores",
    doc_md=__doc__,
    # The interval of a run is the day that ended, whatever a cron expression by itself means
    # in this version of Airflow.
    schedule=CronDataIntervalTimetable("30 0 * * *", timezone="UTC"),
    start_date=datetime(2020, 1, 1, tzinfo=UTC),
    # A run also takes up what is owed of earlier days.
    catchup=False,
    max_active_runs=1,
    # Tasks that change the stores take turns anyway: the pipeline's lock sees to it. Those
    # that wait for it would hold a worker and a gigabyte each.
    max_active_tasks=1,
    default_args={"owner": "team:marketing-data", "retry_exponential_backoff": True},
    params={
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            description="The UTC day to materialize, if not that of the data interval",
        )
    },
    tags=[
        "dagster",
        "html",
        "huggingface",
        "json",
        "milvus",
        "mongodb",
        "neo4j",
        "parquet",
        "postgres",
        "spark",
    ],
) as dag:
    lake__landed_events = RunAssets(
        task_id="lake__landed_events",
        assets=["lake/landed_events"],
        retries=2,
        retry_delay=timedelta(seconds=5),
        doc_md=(
            "**lake/landed_events** (json, parquet, spark)\n"
            "\n"
            "Accepted records of each landed file; the rejected ones are kept beside it with\n"
            "reasons. A file that cannot be landed leaves its batch as it was and does not keep\n"
            "the others from landing. A release names a landing once the days that it touched\n"
            "were refreshed.\n"
            "\n"
            "- `accounts_for_every_record` (blocking): Of the batches that no release names yet,\n"
            "  or of all in a run that lands none: are the records read those accepted, rejected\n"
            "  and duplicate, and does the lake hold as many accepted and rejected ones as were\n"
            "  counted?\n"
        ),
    )
    postgres__campaigns = RunAssets(
        task_id="postgres__campaigns",
        assets=["postgres/campaigns"],
        retries=2,
        retry_delay=timedelta(seconds=5),
        doc_md=(
            "**postgres/campaigns** (json, postgres)\n"
            "\n"
            "The campaign file: names, topics, tags, and when each campaign runs.\n"
            "\n"
            "- `equals_the_file` (blocking): Does the table say of every campaign what the\n"
            "  campaign file says? A file that was changed since it was read is published next,\n"
            "  and not compared.\n"
        ),
    )
    lake__conversation_events = RunAssets(
        task_id="lake__conversation_events",
        assets=["lake/conversation_events"],
        trigger_rule="all_done",  # a file that cannot land keeps no other from readers
        retries=2,
        retry_delay=timedelta(seconds=5),
        doc_md=(
            "**lake/conversation_events** (parquet, spark)\n"
            "\n"
            "One row a message: of the same message_id in several batches, the latest batch's.\n"
            "\n"
            "One partition a UTC day.\n"
            "\n"
            "- `message_ids_are_unique` (blocking): Is every message_id that of one row, over all\n"
            "  days? A message can move between days.\n"
            "- `required_fields_are_there` (blocking): Does every event have its id, user,\n"
            "  campaign, text and time?\n"
            "- `volume_is_usual` (warning): Has each day about as many messages as the days\n"
            "  before it, and today not far more?\n"
        ),
    )
    lake__message_embeddings = RunAssets(
        task_id="lake__message_embeddings",
        assets=["lake/message_embeddings"],
        retries=2,
        retry_delay=timedelta(seconds=5),
        doc_md=(
            "**lake/message_embeddings** (huggingface, parquet, spark)\n"
            "\n"
            "The day's messages with the unit vector of each text; known texts are not embedded\n"
            "again.\n"
            "\n"
            "One partition a UTC day.\n"
            "\n"
            "- `one_model_embedded_all_days` (blocking): Are the vectors of every day of the\n"
            "  model that is set? Those of two models cannot be compared. After a change of the\n"
            "  model, materialize all days in one run.\n"
            "- `vectors_are_unit_vectors` (blocking): Has every vector the model's dimension,\n"
            "  finite numbers and length 1?\n"
        ),
    )
    mongo__conversations = RunAssets(
        task_id="mongo__conversations",
        assets=["mongo/conversations"],
        retries=2,
        retry_delay=timedelta(seconds=5),
        doc_md=(
            "**mongo/conversations** (mongodb, spark)\n"
            "\n"
            "The day's messages, each with the batch and position it came from.\n"
            "\n"
            "One partition a UTC day.\n"
            "\n"
            "- `holds_every_message` (blocking): Does the store hold, day by day, exactly the\n"
            "  messages of the lake?\n"
        ),
    )
    neo4j__messages = RunAssets(
        task_id="neo4j__messages",
        assets=["neo4j/messages"],
        retries=2,
        retry_delay=timedelta(seconds=5),
        doc_md=(
            "**neo4j/messages** (neo4j, spark)\n"
            "\n"
            "The day's (User)-[:SENT]->(Message)-[:IN]->(Campaign) paths.\n"
            "\n"
            "One partition a UTC day.\n"
            "\n"
            "- `holds_every_message` (blocking): Does the store hold, day by day, exactly the\n"
            "  messages of the lake?\n"
        ),
    )
    postgres__campaign_performance = RunAssets(
        task_id="postgres__campaign_performance",
        assets=["postgres/campaign_performance"],
        retries=2,
        retry_delay=timedelta(seconds=5),
        doc_md=(
            "**postgres/campaign_performance** (postgres, spark)\n"
            "\n"
            "Reach, return and recent volume of each campaign.\n"
            "\n"
            "- `counts_every_message` (blocking): Do the message counts add up to the events, for\n"
            "  every campaign or day?\n"
            "- `holds_every_campaign` (blocking): Does the store hold exactly each campaign of\n"
            "  the lake?\n"
        ),
    )
    postgres__daily_activity = RunAssets(
        task_id="postgres__daily_activity",
        assets=["postgres/daily_activity"],
        retries=2,
        retry_delay=timedelta(seconds=5),
        doc_md=(
            "**postgres/daily_activity** (postgres, spark)\n"
            "\n"
            "Messages, users and campaigns of the day, and its messages by hour.\n"
            "\n"
            "One partition a UTC day.\n"
            "\n"
            "- `counts_every_message` (blocking): Do the message counts add up to the events, for\n"
            "  every campaign or day?\n"
        ),
    )
    postgres__user_engagement = RunAssets(
        task_id="postgres__user_engagement",
        assets=["postgres/user_engagement"],
        retries=2,
        retry_delay=timedelta(seconds=5),
        doc_md=(
            "**postgres/user_engagement** (postgres, spark)\n"
            "\n"
            "How much, how regularly and how recently each user engaged with each campaign.\n"
            "\n"
            "- `counts_every_message` (blocking): Do the message counts add up to the events, for\n"
            "  every campaign or day?\n"
            "- `holds_every_engagement` (blocking): Does the store hold exactly each engagement\n"
            "  of the lake?\n"
        ),
    )
    milvus__campaign_profiles = RunAssets(
        task_id="milvus__campaign_profiles",
        assets=["milvus/campaign_profiles"],
        retries=2,
        retry_delay=timedelta(seconds=5),
        doc_md=(
            "**milvus/campaign_profiles** (milvus, spark)\n"
            "\n"
            "Every campaign's mean message vector: what people talk about in it.\n"
            "\n"
            "- `holds_every_campaign` (blocking): Does the store hold exactly each campaign of\n"
            "  the lake?\n"
            "- `profiles_are_unit_vectors` (blocking): Has every profile the model's dimension,\n"
            "  finite numbers and length 1?\n"
        ),
    )
    milvus__messages = RunAssets(
        task_id="milvus__messages",
        assets=["milvus/messages"],
        retries=2,
        retry_delay=timedelta(seconds=5),
        doc_md=(
            "**milvus/messages** (milvus, spark)\n"
            "\n"
            "The day's messages with their vectors.\n"
            "\n"
            "One partition a UTC day.\n"
            "\n"
            "- `holds_every_message` (blocking): Does the store hold, day by day, exactly the\n"
            "  messages of the lake?\n"
            "- `vectors_equal_the_lakes` (blocking): Are sampled vectors of the latest days with\n"
            "  messages the ones that were computed?\n"
        ),
    )
    milvus__user_profiles = RunAssets(
        task_id="milvus__user_profiles",
        assets=["milvus/user_profiles"],
        retries=2,
        retry_delay=timedelta(seconds=5),
        doc_md=(
            "**milvus/user_profiles** (milvus, spark)\n"
            "\n"
            "Every user's mean message vector: who talks about similar things.\n"
            "\n"
            "- `holds_every_user` (blocking): Does the store hold exactly each user of the lake?\n"
            "- `profiles_are_unit_vectors` (blocking): Has every profile the model's dimension,\n"
            "  finite numbers and length 1?\n"
        ),
    )
    neo4j__engaged_with = RunAssets(
        task_id="neo4j__engaged_with",
        assets=["neo4j/engaged_with"],
        retries=2,
        retry_delay=timedelta(seconds=5),
        doc_md=(
            "**neo4j/engaged_with** (neo4j, spark)\n"
            "\n"
            "(User)-[:ENGAGED_WITH]->(Campaign), aggregated over all days.\n"
            "\n"
            "- `holds_every_engagement` (blocking): Does the store hold exactly each engagement\n"
            "  of the lake?\n"
            "- `no_node_is_loose` (blocking): Has every message its user and campaign, and every\n"
            "  user and campaign a message or an engagement? A loose message blocks. A user or\n"
            "  campaign is warned of: nobody is served one, and an interrupted drop leaves some\n"
            "  until the next release drops again.\n"
        ),
    )
    report__analytics_report = RunAssets(
        task_id="report__analytics_report",
        assets=["report/analytics_report"],
        retries=2,
        retry_delay=timedelta(seconds=5),
        doc_md=(
            "**report/analytics_report** (html, json, spark)\n"
            "\n"
            "Totals, campaigns, users, activity, engagement, topics and data quality, as JSON and\n"
            "HTML. People see it once a release names it.\n"
            "\n"
            "- `equals_the_tables` (blocking): Are the report's totals, campaigns and days those\n"
            "  of Postgres?\n"
        ),
    )
    postgres__serving_release = RunAssets(
        task_id="postgres__serving_release",
        assets=["postgres/serving_release"],
        retries=2,
        retry_delay=timedelta(seconds=5),
        doc_md=(
            "**postgres/serving_release** (postgres)\n"
            "\n"
            "One row a published state of all stores. Redis keys carry its id, so publishing\n"
            "invalidates every cached reply at once. Refuses to publish assets that are older\n"
            "than what they are made of, stores of messages that disagree about a day, days of\n"
            "the lake that may be half replaced, landings of which some days were built and\n"
            "others were not, or that do not account for every record, and vectors of another\n"
            "model than the one that is set. A run that renews one asset publishes it with what\n"
            "is served.\n"
        ),
    )

    lake__landed_events >> lake__conversation_events
    lake__conversation_events >> lake__message_embeddings
    lake__conversation_events >> mongo__conversations
    lake__conversation_events >> neo4j__messages
    lake__conversation_events >> postgres__campaign_performance
    lake__conversation_events >> postgres__daily_activity
    lake__conversation_events >> postgres__user_engagement
    lake__message_embeddings >> milvus__campaign_profiles
    lake__message_embeddings >> milvus__messages
    lake__message_embeddings >> milvus__user_profiles
    [
        lake__conversation_events,
        neo4j__messages,
    ] >> neo4j__engaged_with
    [
        lake__conversation_events,
        lake__message_embeddings,
        postgres__campaign_performance,
        postgres__daily_activity,
        postgres__user_engagement,
    ] >> report__analytics_report
    [
        lake__conversation_events,
        lake__message_embeddings,
        milvus__campaign_profiles,
        milvus__messages,
        milvus__user_profiles,
        mongo__conversations,
        neo4j__engaged_with,
        neo4j__messages,
        postgres__campaign_performance,
        postgres__campaigns,
        postgres__daily_activity,
        postgres__user_engagement,
        report__analytics_report,
    ] >> postgres__serving_release
