"""The audit: a chain of numbered entries on disk, how it is verified, and what it answers."""
