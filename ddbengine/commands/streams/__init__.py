"""``ddbengine streams``: what a person or a script does with the streams of tables, over boto3, against any endpoint.

It knows the service's API only, nothing of our own engine: AWS and every local server are reached in the same way.
"""
