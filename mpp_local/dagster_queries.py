"""The GraphQL that `mpp` sends. Each query has one root field."""

from typing import Final

ADD_PARTITION: Final = """
mutation AddPartition($repository: RepositorySelector!, $partitions: String!, $key: String!) {
  addDynamicPartition(
    repositorySelector: $repository, partitionsDefName: $partitions, partitionKey: $key
  ) {
    __typename
    ... on PythonError { message }
    ... on UnauthorizedError { message }
  }
}
"""

LAUNCH_RUN: Final = """
mutation Launch($parameters: ExecutionParams!) {
  launchRun(executionParams: $parameters) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on Error { message }
  }
}
"""

METADATA: Final = """
fragment Metadata on MetadataEntry {
  label
  ... on IntMetadataEntry { intRepr }
  ... on FloatMetadataEntry { floatValue }
  ... on TextMetadataEntry { text }
  ... on JsonMetadataEntry { jsonString }
}
"""

RUN_EVENTS: Final = (
    METADATA
    + """
query RunEvents($run: ID!, $cursor: String) {
  logsForRun(runId: $run, afterCursor: $cursor) {
    __typename
    ... on Error { message }
    ... on EventConnection {
      cursor
      hasMore
      events {
        __typename
        ... on MessageEvent { timestamp stepKey message }
        ... on ErrorEvent { error { message causes { message } } }
        ... on AssetMaterializationPlannedEvent { assetKey { path } }
        ... on MaterializationEvent {
          assetKey { path }
          metadataEntries { ...Metadata }
        }
        ... on AssetCheckEvaluationEvent {
          evaluation { checkName success severity assetKey { path } }
        }
      }
    }
  }
}
"""
)

LANDINGS: Final = (
    METADATA
    + """
query Landings($batch: String!, $limit: Int!) {
  assetNodeOrError(assetKey: { path: ["lake", "landed_events"] }) {
    __typename
    ... on AssetNode {
      assetMaterializations(partitions: [$batch], limit: $limit) {
        metadataEntries { ...Metadata }
        runOrError { ... on Run { tags { key value } } }
      }
    }
  }
}
"""
)

RUNS: Final = """
query Runs($filter: RunsFilter!) {
  runsOrError(filter: $filter, limit: 1) {
    __typename
    ... on Runs { results { runId } }
  }
}
"""
