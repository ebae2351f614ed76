"""Telemetry from the broker into the local store, and out of it again."""
