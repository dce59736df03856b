from datetime import UTC, date, datetime

import pytest

from mpp_api.releases.served import Contents, ranking_of
from mpp_stores.errors import StoreRejected
from mpp_stores.ranking import RankingConfiguration
from mpp_stores.records import Release

DERIVED = {
    name: [number]
    for number, name in enumerate(
        (
            "milvus/user_profiles",
            "milvus/campaign_profiles",
            "neo4j/engaged_with",
            "postgres/user_engagement",
            "postgres/campaign_performance",
            "postgres/campaigns",
        )
    )
}


def release(ranking: dict[str, object]) -> Release:
    return Release(
        release_id="r1",
        published_at=datetime(1999, 3, 1, tzinfo=UTC),
        dagster_run_id="run",
        data_through=date(1999, 3, 1),
        row_counts={},
        quality={},
        ranking=ranking,
        embedding_model="a-model",
        predecessor=None,
        is_kept=True,
    )


def test_a_release_without_messages_has_contents() -> None:
    contents = Contents.of("r1", DERIVED)

    assert contents.message_vectors == ()
    assert (contents.campaign_profiles, contents.campaigns) == (1, 5)


@pytest.mark.parametrize("missing", DERIVED)
def test_a_release_that_lacks_a_derived_asset_is_refused_by_name(missing: str) -> None:
    numbers = {name: number for name, number in DERIVED.items() if name != missing}

    with pytest.raises(StoreRejected, match=f"r1.*0 materializations of {missing}"):
        Contents.of("r1", numbers)


def test_the_ranking_is_what_the_release_says() -> None:
    ranking = RankingConfiguration(diversity=0.3)

    assert ranking_of(release(ranking.model_dump(mode="json"))) == ranking


def test_a_ranking_of_another_version_is_refused_by_name() -> None:
    with pytest.raises(StoreRejected, match=r"ranking of release r1.*novelty"):
        ranking_of(release({"novelty": 0.5}))
