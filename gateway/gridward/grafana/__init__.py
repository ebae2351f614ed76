"""Grafana: who looks at it, and the dashboards in it."""
