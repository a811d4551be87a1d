"""ddbengine: a DynamoDB-compatible storage engine."""

__version__ = "0.1.0"
