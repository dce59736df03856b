from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from mpp_assets.jobs.datasets import spark_schema
from mpp_assets.jobs.topics import Topic, message_topics
from mpp_stores.lake import MESSAGE_EMBEDDING_SCHEMA, Lake

DIMENSION = 8
TEXTS = {
    "coffee": [
        "My espresso machine makes sour coffee",
        "Which coffee beans for espresso?",
        "The coffee grinder is loud, I can't hear a thing",
        "Love these coffee beans",
    ],
    "running": [
        "My running shoes gave me blisters",
        "Are the running shoes waterproof?",
        "Ran a marathon in these shoes",
    ],
    "skincare": ["This cream makes my skin red", "Which cream suits dry skin?"],
}


def _messages(spark: SparkSession) -> DataFrame:
    """Each topic's vectors lie around an axis of its own; every text is sent by two users."""
    random = np.random.default_rng(5)
    rows = []
    for axis, (topic, texts) in enumerate(TEXTS.items()):
        for number, text in enumerate(texts):
            vector = random.normal(0, 0.05, DIMENSION)
            vector[axis] += 1
            vector /= np.linalg.norm(vector)
            rows += [
                {
                    "message_id": f"{topic}-{number}-{user}",
                    "user_id": user,
                    "campaign_id": f"{topic}-offer",
                    "text": text,
                    "sent_at": datetime(2026, 1, day, 8, tzinfo=UTC),
                    "event_day": date(2026, 1, day),
                    "embedding": vector.tolist(),
                    "embedding_model": "made-up",
                }
                for day, user in enumerate(("ana", "tom"), start=5)
            ]
    return spark.createDataFrame(rows, spark_schema(MESSAGE_EMBEDDING_SCHEMA))


@pytest.fixture(scope="module")
def messages(spark: SparkSession) -> DataFrame:
    return _messages(spark).cache()


@pytest.fixture(scope="module")
def topics(messages: DataFrame, tmp_path_factory: pytest.TempPathFactory) -> list[Topic]:
    return topics_of(messages, tmp_path_factory.mktemp("lake"))


def topics_of(messages: DataFrame, root: Path) -> list[Topic]:
    """At most three topics of the messages, written to a lake."""
    lake = Lake(root)
    messages.write.partitionBy("event_day").parquet(str(lake.message_embeddings))
    return message_topics(messages.sparkSession, lake, topic_count=3, seed=1)


def test_messages_with_like_vectors_form_a_topic_and_the_largest_comes_first(
    topics: list[Topic],
) -> None:
    assert [(topic.topic_id, topic.message_count, topic.user_count) for topic in topics] == [
        (1, 8, 2),
        (2, 6, 2),
        (3, 4, 2),
    ]
    assert [topic.campaigns for topic in topics] == [
        [("coffee-offer", 8)],
        [("running-offer", 6)],
        [("skincare-offer", 4)],
    ]


def test_the_terms_of_a_topic_are_its_own_words_without_stop_words(topics: list[Topic]) -> None:
    assert [topic.top_terms[0] for topic in topics] == ["coffee", "shoes", "cream"]
    for topic in topics:
        assert not {"my", "the", "these", "which", "can't"} & set(topic.top_terms)


def test_the_examples_of_a_topic_are_distinct_texts(topics: list[Topic]) -> None:
    for topic, texts in zip(topics, TEXTS.values(), strict=True):
        assert len(set(topic.example_messages)) == min(3, len(texts))
        assert set(topic.example_messages) <= set(texts)


def test_the_order_of_the_rows_does_not_matter(
    messages: DataFrame, topics: list[Topic], tmp_path: Path
) -> None:
    assert topics_of(messages.repartition(3, "text"), tmp_path) == topics


def test_a_single_message_is_a_single_topic(messages: DataFrame, tmp_path: Path) -> None:
    only = topics_of(messages.where("message_id = 'skincare-0-ana'"), tmp_path)
    assert [topic.message_count for topic in only] == [1]


def test_no_messages_give_no_topics(messages: DataFrame, tmp_path: Path) -> None:
    assert topics_of(messages.where("false"), tmp_path) == []
