"""Postgres: engagement, campaign performance, daily activity and the releases."""
