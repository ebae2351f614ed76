"""Grafana dashboards, written by Python out of the kit's keys and quantities; the JSON lies beside."""
