"""The consumer of change streams: shards shared by workers through leases in a DynamoDB table, each record handled at
least once and in order per key.

This room imports boto3 and the standard library only, and knows nothing of the engine: it consumes the streams of AWS
just as well.
"""
