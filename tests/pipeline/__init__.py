"""What the tests of whole pipelines share: tests/acceptance and tests/orchestration."""
