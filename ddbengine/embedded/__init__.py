"""The engine inside a Python program: dicts in and out, boto3 clients without a socket, awaitable operations."""
