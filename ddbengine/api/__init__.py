"""The HTTP door: protocol, authentication, the service model, error envelopes.  Knows nothing of storage."""
