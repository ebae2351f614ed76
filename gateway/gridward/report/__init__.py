"""The support bundle: what somebody else needs to see a fault, without anything secret in it."""
