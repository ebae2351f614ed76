"""Looks ahead: schedule, prices, forecast, the plan of the battery, and the night in one sentence."""
