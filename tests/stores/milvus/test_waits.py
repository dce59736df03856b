"""Waiting for Milvus ends, and trying again afterwards can help."""
# ruff: noqa: N802 - Milvus names the calls

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import grpc
import pytest
from pydantic import SecretStr
from pymilvus import MilvusException
from pymilvus.exceptions import ErrorCode
from pymilvus.grpc_gen import common_pb2, milvus_pb2, milvus_pb2_grpc

from mpp_stores.errors import StoreUnavailable
from mpp_stores.milvus import writer
from mpp_stores.milvus.errors import is_retryable
from mpp_stores.milvus.writer import CampaignProfiles
from mpp_stores.settings import StoreSettings


class Unready(milvus_pb2_grpc.MilvusServiceServicer):
    """A Milvus without collections that begins to build an index and is never done.

    Silent, it does not say which indexes there are either.
    """

    def __init__(self, is_silent: Event) -> None:
        self.is_silent = is_silent
        self.released = Event()
        self.has_index = False

    def Connect(self, request: Any, context: Any) -> Any:
        return milvus_pb2.ConnectResponse(identifier=1)

    def DescribeCollection(self, request: Any, context: Any) -> Any:
        missing = common_pb2.Status(
            error_code=common_pb2.CollectionNotExists, code=ErrorCode.COLLECTION_NOT_FOUND
        )
        return milvus_pb2.DescribeCollectionResponse(status=missing)

    def CreateCollection(self, request: Any, context: Any) -> Any:
        return common_pb2.Status()

    def DescribeIndex(self, request: Any, context: Any) -> Any:
        if self.is_silent.is_set():
            self.released.wait()
        if not self.has_index:
            missing = common_pb2.Status(code=ErrorCode.INDEX_NOT_FOUND)
            return milvus_pb2.DescribeIndexResponse(status=missing)
        building = milvus_pb2.IndexDescription(
            field_name="embedding", state=common_pb2.IndexState.InProgress
        )
        return milvus_pb2.DescribeIndexResponse(index_descriptions=[building])

    def CreateIndex(self, request: Any, context: Any) -> Any:
        self.has_index = True
        return common_pb2.Status()

    def AllocTimestamp(self, request: Any, context: Any) -> Any:
        return milvus_pb2.AllocTimestampResponse(timestamp=1)


@pytest.fixture
def is_silent() -> Event:
    return Event()


@pytest.fixture
def unready(is_silent: Event, monkeypatch: pytest.MonkeyPatch) -> Iterator[CampaignProfiles]:
    """Calls are given a second, in the type that they are given a minute in."""
    monkeypatch.setattr(writer, "_CALL_SECONDS", type(writer._CALL_SECONDS)(1))
    answers = Unready(is_silent)
    server = grpc.server(ThreadPoolExecutor(4))
    milvus_pb2_grpc.add_MilvusServiceServicer_to_server(answers, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    settings = StoreSettings.model_construct(
        milvus_uri=f"http://127.0.0.1:{port}", milvus_token=SecretStr("")
    )
    try:
        with CampaignProfiles(settings) as target:
            yield target
    finally:
        answers.released.set()
        server.stop(None).wait()


@pytest.mark.parametrize(
    "message",
    [
        "wait for flush timeout, collection: messages, flusht_ts: 7",
        "wait for loading collection timeout, collection: messages",
        "collection messages create index embedding timeout in 60s",
        "[flush] Retry timeout: 60s",
    ],
)
def test_what_pymilvus_waited_for_in_vain_can_be_tried_again(message: str) -> None:
    assert is_retryable(MilvusException(message=message))


def test_what_milvus_cannot_explain_is_not_worth_a_retry() -> None:
    assert not is_retryable(MilvusException(message="invalid index parameter"))


def test_an_index_that_is_never_built_is_not_waited_for_without_end(
    unready: CampaignProfiles,
) -> None:
    with pytest.raises(StoreUnavailable, match="could not prepare"):
        unready.prepare()


def test_a_server_that_does_not_say_which_indexes_there_are_is_unavailable(
    unready: CampaignProfiles, is_silent: Event
) -> None:
    is_silent.set()
    with pytest.raises(StoreUnavailable, match="could not prepare"):
        unready.prepare()
