"""Alarms and the ways on which they reach a person."""
