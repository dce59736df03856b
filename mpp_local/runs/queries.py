"""The GraphQL that `mpp` sends. Each query has one root field."""

from typing import Final

LAUNCH_RUN: Final = """
mutation Launch($parameters: ExecutionParams!) {
  launchRun(executionParams: $parameters) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on Error { message }
  }
}
"""

RUNS: Final = """
query Runs($filter: RunsFilter!, $limit: Int!) {
  runsOrError(filter: $filter, limit: $limit) {
    __typename
    ... on Error { message }
    ... on Runs { results { runId jobName status creationTime tags { key value } } }
  }
}
"""

_METADATA: Final = """
fragment Metadata on MetadataEntry {
  label
  ... on IntMetadataEntry { intRepr }
  ... on FloatMetadataEntry { floatValue }
  ... on BoolMetadataEntry { boolValue }
  ... on TextMetadataEntry { text }
  ... on MarkdownMetadataEntry { mdStr }
  ... on JsonMetadataEntry { jsonString }
}
"""

RUN_EVENTS: Final = (
    _METADATA
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
        ... on MessageEvent { timestamp stepKey level message }
        ... on ErrorEvent { error { message causes { message } } }
        ... on AssetMaterializationPlannedEvent { assetKey { path } }
        ... on MaterializationEvent {
          assetKey { path }
          metadataEntries { ...Metadata }
        }
        ... on AssetCheckEvaluationEvent {
          evaluation {
            checkName
            success
            severity
            description
            assetKey { path }
            metadataEntries { ...Metadata }
          }
        }
      }
    }
  }
}
"""
)
