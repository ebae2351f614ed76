"""The framework that Gridward's integrations stand on; it knows nothing of the gateway."""
