"""The environment in which programs find a stack."""

from pathlib import Path

from mpp_local.api_access import local_key
from mpp_local.engines import engines_of
from mpp_local.engines.postgres import dagster_url, for_dagster
from mpp_local.ports import LOOPBACK
from mpp_local.stack import NoStack, Stack


def stack_environment(home: Path) -> dict[str, str]:
    """Every variable that a program needs to use the stack in `home`.

    MPP_HOME, DAGSTER_HOME      folders
    MPP_POSTGRES_URL, MPP_NEO4J_URI, MPP_NEO4J_USER, MPP_NEO4J_PASSWORD,
    MPP_MONGO_URI, MPP_MILVUS_URI, MPP_REDIS_URL, ...
                                the stores, with their passwords: as this stack runs
                                them, or as given to the last `mpp up`
    MPP_DAGSTER_POSTGRES_URL    Dagster's own storage, as a SQLAlchemy URL
    MPP_DAGSTER_URL, MPP_API_URL
                                http addresses of the Dagster UI and the API
    MPP_API_KEY                 an admin key for it, once `mpp up` has started it
    MPP_DAGSTER_CODE_SERVER     host and port of the process that loads the definitions

    The stack must have been started once; it need not run now. Raises `NoStack` or
    `UnreadableStack`.
    The values hold passwords: hand them to a process, do not log them.
    """
    return environment_of(Stack.load(home))


def environment_of(stack: Stack) -> dict[str, str]:
    """`stack_environment` of a stack at hand."""
    if not stack.ports:
        raise NoStack(stack.home)
    environment = {
        "MPP_HOME": str(stack.home),
        "DAGSTER_HOME": str(stack.dagster_home),
        "MPP_DAGSTER_URL": f"http://{LOOPBACK}:{stack.ports['dagster-webserver']}",
        "MPP_DAGSTER_CODE_SERVER": f"{LOOPBACK}:{stack.ports['dagster-code-server']}",
        "MPP_API_URL": f"http://{LOOPBACK}:{stack.ports['api']}",
    }
    if key := local_key(stack):
        environment["MPP_API_KEY"] = key
    for engine in engines_of(stack):
        external = stack.external.get(engine.name)
        environment |= engine.environment(stack) if external is None else external
    storage = environment.get("MPP_DAGSTER_POSTGRES_URL")
    environment["MPP_DAGSTER_POSTGRES_URL"] = (
        for_dagster(storage) if storage else dagster_url(environment["MPP_POSTGRES_URL"])
    )
    return environment
