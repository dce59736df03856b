"""The app. Serve it with `python -m mpp_api`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from mpp_api.campaigns.endpoints import router as campaigns
from mpp_api.docs_page import serve_docs
from mpp_api.embedding.embedder import open_embedder
from mpp_api.erasures.endpoints import router as erasures
from mpp_api.errors import install_handlers, problem_schemas
from mpp_api.events.endpoints import router as events
from mpp_api.events.spooling import open_event_spool
from mpp_api.explorer.endpoints import serve_explorer
from mpp_api.feedback.endpoints import router as feedback
from mpp_api.feedback.exposures import open_exposure_log
from mpp_api.health.endpoints import router as health
from mpp_api.health.service import Health
from mpp_api.messages.endpoints import router as messages
from mpp_api.metrics.endpoints import router as metrics
from mpp_api.metrics.service import Metrics
from mpp_api.middleware import add_middleware
from mpp_api.observability.request_context import RequestContext
from mpp_api.observability.tracing import exporting, traces_to
from mpp_api.openapi import with_unreadable_bodies, without_null_in_queries
from mpp_api.recommendations.endpoints import router as recommendations
from mpp_api.releases.endpoints import router as releases
from mpp_api.releases.watch import ReleaseWatch
from mpp_api.replies.cache import CachedReplies
from mpp_api.reports.endpoints import router as reports
from mpp_api.resilience.admission import Admission
from mpp_api.resilience.guards import Guards
from mpp_api.security.access import document_access
from mpp_api.security.headers import SENT_IF_ABSENT, always_sent
from mpp_api.security.rate_limit import RateLimiter
from mpp_api.settings import ApiSettings
from mpp_api.stores import open_stores
from mpp_api.users.endpoints import router as users
from mpp_stores.breaker import Breakers
from mpp_stores.redis.request_counts import RequestCounts

DESCRIPTION = """
Which campaigns next for this user, and why?

A recommendation combines similar users (Milvus), the graph of who engaged with what (Neo4j),
the nearest messages (Milvus) and each campaign's performance (Postgres). Every item carries its
evidence, and score parts that add up to its score. All replies are read from one published
*release*: a consistent state of all stores.

A store that is down makes a reply smaller, never wrong: `missing_legs` names what is missing.
Failures are [problem details](https://www.rfc-editor.org/rfc/rfc9457).
"""


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is not None:
            return self.openapi_schema
        document = super().openapi()
        document["components"]["schemas"].update(problem_schemas())
        document_access(document)
        without_null_in_queries(document)
        with_unreadable_bodies(document)
        return document

    def build_middleware_stack(self) -> ASGIApp:
        # Around Starlette's own: its reply to a defect passes no middleware that is added.
        headers = always_sent(is_behind_tls=self.state.settings.api_behind_tls)
        return RequestContext(super().build_middleware_stack(), headers, SENT_IF_ABSENT)


def create_app(settings: ApiSettings | None = None) -> FastAPI:
    """An app that starts whether or not the stores are up; `settings` default to `MPP_*`."""
    settings = settings or ApiSettings.model_validate({})

    tracer_provider = traces_to(settings.api_otlp_endpoint)
    limiter = RateLimiter(settings.rate_limit, RequestCounts(settings))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        breakers = Breakers(
            failures=settings.api_breaker_failures, seconds=settings.api_breaker_seconds
        )
        app.state.metrics.watch_breakers(breakers)
        app.state.guards = Guards(
            breakers, app.state.metrics, timeout_seconds=settings.api_leg_timeout_seconds
        )
        app.state.admission = Admission(settings.api_computed_at_once)
        # Half of the places at most are for batches: single requests find the others.
        app.state.batch_turns = Admission(max(settings.api_computed_at_once // 2, 1))
        async with (
            open_stores(settings, breakers) as stores,
            open_embedder(settings.embedding_model, preload=settings.api_preload_model) as embedder,
            limiter.sharing(),
            exporting(tracer_provider),
        ):
            app.state.stores = stores
            app.state.replies = CachedReplies(stores.cache, app.state.metrics)
            app.state.embedder = embedder
            app.state.releases = ReleaseWatch(
                stores.tables,
                app.state.guards,
                recheck_seconds=settings.api_release_recheck_seconds,
                timeout_seconds=settings.api_leg_timeout_seconds,
                stale_after=timedelta(hours=settings.api_stale_after_hours),
            )
            app.state.health = Health(
                stores,
                app.state.releases,
                recheck_seconds=settings.api_release_recheck_seconds,
                timeout_seconds=settings.api_leg_timeout_seconds,
            )
            async with (
                open_event_spool(
                    settings.landing,
                    rotate_seconds=settings.api_events_rotate_seconds,
                    timeout_seconds=settings.api_leg_timeout_seconds,
                ) as app.state.events,
                open_exposure_log(
                    stores.feedback, app.state.releases, app.state.metrics
                ) as app.state.exposures,
            ):
                yield

    app = _Api(
        title="Marketing personalization platform",
        summary="Explained campaign recommendations over one published release.",
        description=DESCRIPTION,
        version="0.1.0",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # It would name an address that the caller says is ours.
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.metrics = Metrics()
    add_middleware(app, settings, app.state.metrics, limiter, tracer_provider)
    install_handlers(app)
    for router in (
        recommendations,
        users,
        campaigns,
        messages,
        reports,
        releases,
        events,
        feedback,
        erasures,
        health,
        metrics,
    ):
        app.include_router(router)
    serve_explorer(app)
    serve_docs(app)
    return app
