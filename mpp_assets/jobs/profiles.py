"""Profiles: where the messages of a user, or of a campaign, lie in the embedding space."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from mpp_stores.records import CAMPAIGN_PROFILE_SCHEMA, USER_PROFILE_SCHEMA


def user_profiles(embeddings: DataFrame) -> DataFrame:
    """One row a user (`USER_PROFILE_SCHEMA`)."""
    return _unit_means(embeddings, "user_id").select(USER_PROFILE_SCHEMA.names)


def campaign_profiles(embeddings: DataFrame) -> DataFrame:
    """One row a campaign with messages (`CAMPAIGN_PROFILE_SCHEMA`)."""
    return _unit_means(embeddings, "campaign_id").select(CAMPAIGN_PROFILE_SCHEMA.names)


def _unit_means(embeddings: DataFrame, key: str) -> DataFrame:
    """The unit-length mean of the message vectors.

    The mean direction is the maximum-likelihood centre of unit vectors under the
    von Mises-Fisher distribution (Banerjee et al. 2005), so cosine to it is the
    natural measure of nearness.
    """
    # With scipy, which only a run that computes profiles needs.
    from pyspark.ml.feature import Normalizer  # noqa: PLC0415
    from pyspark.ml.functions import array_to_vector, vector_to_array  # noqa: PLC0415
    from pyspark.ml.stat import Summarizer  # noqa: PLC0415

    means = embeddings.groupBy(key).agg(
        f.count("*").alias("message_count"),
        f.max("sent_at").alias("last_at"),
        Summarizer.mean(array_to_vector(f.col("embedding"))).alias("mean"),
    )
    units = Normalizer(p=2.0, inputCol="mean", outputCol="unit").transform(means)
    return units.withColumn("embedding", vector_to_array(f.col("unit"), "float32"))
