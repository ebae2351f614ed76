"""The drill: each part of a real house is killed in turn, and the fallback timed by the feedback contact."""
