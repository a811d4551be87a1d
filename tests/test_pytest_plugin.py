"""The fixtures, in pytest runs of their own.

Those runs load the plugin by its module, so that it does not matter whether the package is installed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

# Runs in this process take away the modules they have imported, and not every module can be imported twice.
import ddbengine.embedded.boto
import ddbengine.embedded.schemas
import ddbengine.embedded.serving
import ddbengine.exceptions  # noqa: F401
from tests.embedded.conftest import definition

pytest_plugins = ["pytester"]

ARGUMENTS = ("-p", "no:ddbengine", "-p", "ddbengine.pytest_plugin", "-p", "no:cacheprovider", "-W", "error")
TEMPLATE = """
Parameters:
  Stage: {Type: String, Default: test}
Resources:
  Sessions:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub "sessions-${Stage}"
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      BillingMode: PAY_PER_REQUEST
      TimeToLiveSpecification: {AttributeName: expires, Enabled: true}
"""


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the processes that a test starts."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


def run(pytester: pytest.Pytester, code: str, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(code)
    return pytester.runpytest_inprocess(*ARGUMENTS, *arguments)


def write_schema(pytester: pytest.Pytester, name: str, *tables: str) -> None:
    path = pytester.path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([definition(table) for table in tables]))


def test_each_test_has_an_engine_of_its_own(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import pytest

        @pytest.mark.parametrize("number", range(3))
        def test_creates(dynamodb, number):
            assert dynamodb.list_tables()["TableNames"] == []
            dynamodb.create_table(
                TableName="same",
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        """,
    )
    result.assert_outcomes(passed=3)


def test_client_resource_server_and_engine_of_a_test_are_the_same_store(pytester: pytest.Pytester) -> None:
    write_schema(pytester, "tables.json", "orders")
    result = run(
        pytester,
        """
        import boto3, pytest

        pytestmark = pytest.mark.dynamodb_tables("tables.json")

        def test_one_store(dynamodb, dynamodb_client, dynamodb_resource, dynamodb_server, monkeypatch):
            dynamodb_client.put_item(TableName="orders", Item={"pk": {"S": "a"}, "sk": {"N": "1"}})
            dynamodb_resource.Table("orders").put_item(Item={"pk": "b", "sk": 2})
            assert dynamodb_server.endpoint_url.endswith(f":{dynamodb_server.port}")
            for name, value in dynamodb_server.environment.items():
                monkeypatch.setenv(name, value)
            own = boto3.session.Session(region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
            client = own.client("dynamodb")
            client.put_item(TableName="orders", Item={"pk": {"S": "c"}, "sk": {"N": "3"}})
            client.close()
            assert sorted(item["pk"]["S"] for item in dynamodb.scan(TableName="orders")["Items"]) == ["a", "b", "c"]
        """,
    )
    result.assert_outcomes(passed=1)


def test_tables_come_from_the_option_and_a_marker_goes_before_it(pytester: pytest.Pytester) -> None:
    write_schema(pytester, "tables.json", "orders", "users")
    write_schema(pytester, "tests/other.json", "other")
    (pytester.path / "tests" / "template.yaml").write_text(TEMPLATE)
    pytester.makeini("[pytest]\ndynamodb_tables = tables.json\ntestpaths = tests\n")
    (pytester.path / "tests" / "test_tables.py").write_text(
        """
import pytest

def test_of_the_option(dynamodb_tables, dynamodb):
    assert dynamodb_tables == ["orders", "users"]
    assert dynamodb.list_tables()["TableNames"] == ["orders", "users"]
    dynamodb_tables.clear()

def test_of_the_option_again(dynamodb_tables, dynamodb):
    assert dynamodb_tables == dynamodb.list_tables()["TableNames"] == ["orders", "users"]

@pytest.mark.dynamodb_tables("other.json", "template.yaml")
def test_of_the_marker(dynamodb_tables, dynamodb_client):
    assert dynamodb_tables == ["other", "sessions-test"]
    time_to_live = dynamodb_client.describe_time_to_live(TableName="sessions-test")["TimeToLiveDescription"]
    assert time_to_live["AttributeName"] == "expires"
"""
    )
    pytester.runpytest_inprocess(*ARGUMENTS).assert_outcomes(passed=3)


def test_without_a_schema_file_the_fixture_of_tables_says_what_is_missing(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_tables(dynamodb_tables): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*no schema file is named, neither by @pytest.mark.dynamodb_tables nor by the option*"]
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "*tables.json*No such file*"), ("{", "*tables.json*not JSON*"), ("{}", "*tables.json*")],
)
def test_a_schema_file_that_cannot_be_used_is_an_error_that_names_it(
    pytester: pytest.Pytester, content: str | None, message: str
) -> None:
    if content is not None:
        (pytester.path / "tables.json").write_text(content)
    pytester.makeini("[pytest]\ndynamodb_tables = tables.json\n")
    result = run(pytester, "def test_tables(dynamodb): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])


def test_a_store_is_prepared_once_and_forked_for_each_test(pytester: pytest.Pytester) -> None:
    write_schema(pytester, "tables.json", "orders")
    pytester.makeini("[pytest]\ndynamodb_tables = tables.json\n")
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def dynamodb_prepare():
            def prepare(engine):
                print("PREPARED NOW")
                engine.load("orders", ({"pk": {"S": "p"}, "sk": {"N": str(n)}} for n in range(100)))
            return prepare
        """
    )
    result = run(
        pytester,
        """
        import pytest

        @pytest.mark.parametrize("number", range(3))
        def test_deletes(dynamodb, number):
            assert dynamodb.scan(TableName="orders")["Count"] == 100
            dynamodb.delete_item(TableName="orders", Key={"pk": {"S": "p"}, "sk": {"N": "0"}})
        """,
        "-s",
    )
    result.assert_outcomes(passed=3)
    assert len(re.findall("PREPARED NOW", result.stdout.str())) == 1


def test_a_run_that_does_not_use_the_fixtures_imports_nothing_of_the_engine(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_modules():
            assert "ddbengine.pytest_plugin" in sys.modules
            unwanted = ("ddbengine.", "boto", "lmdb", "orjson", "aiohttp")
            loaded = {name for name in sys.modules if name.startswith(unwanted)} - {"ddbengine.pytest_plugin"}
            assert loaded == set()
        """
    )
    pytester.runpytest_subprocess(*ARGUMENTS).assert_outcomes(passed=1)


def test_the_marker_is_registered_and_fixtures_are_described(pytester: pytest.Pytester) -> None:
    write_schema(pytester, "tables.json", "orders")
    code = """
        import pytest

        @pytest.mark.dynamodb_tables("tables.json")
        def test_marked(): pass
    """
    run(pytester, code, "--strict-markers").assert_outcomes(passed=1)
    shown = pytester.runpytest_inprocess(*ARGUMENTS, "--fixtures").stdout.str()
    names: Any = re.findall(r"^(dynamodb\w*)", shown, re.MULTILINE)
    assert set(names) == {
        "dynamodb",
        "dynamodb_client",
        "dynamodb_prepare",
        "dynamodb_resource",
        "dynamodb_server",
        "dynamodb_tables",
    }


STREAMED = """
def shards(dynamodb, name):
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )
    (stream,) = dynamodb.list_streams()["Streams"]
    return len(dynamodb.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"])
"""


def test_options_come_from_the_ini_file_and_markers_go_before_it(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\ndynamodb_options =\n    partitions = 2\n    region=eu-west-1\n")
    result = run(
        pytester,
        STREAMED
        + """
import pytest

def test_of_the_ini_file(dynamodb):
    assert shards(dynamodb, "one") == 2
    assert dynamodb.region == "eu-west-1"

@pytest.mark.dynamodb_options(partitions=3)
class TestOfMarkers:
    def test_of_the_class(self, dynamodb):
        assert shards(dynamodb, "two") == 3
        assert dynamodb.region == "eu-west-1"

    @pytest.mark.dynamodb_options(partitions=5)
    def test_of_the_function(self, dynamodb):
        assert shards(dynamodb, "three") == 5
        """,
    )
    result.assert_outcomes(passed=3)


def test_faults_of_a_marker_befall_the_test_and_not_what_prepares_it(pytester: pytest.Pytester) -> None:
    write_schema(pytester, "tables.json", "orders")
    result = run(
        pytester,
        """
import pytest
from ddbengine import exceptions

pytestmark = [
    pytest.mark.dynamodb_tables("tables.json"),
    pytest.mark.dynamodb_options(faults=[{"error": "ThrottlingException", "first": 1}]),
]

@pytest.mark.parametrize("time", [1, 2])
def test_is_throttled(dynamodb, time):
    with pytest.raises(exceptions.ThrottlingException):
        dynamodb.list_tables()
    assert dynamodb.list_tables()["TableNames"] == ["orders"]
        """,
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("partitions", "'partitions' is not NAME=VALUE"),
        ("partitions=many", "partitions is a whole number from 1 to 1000, not 'many'"),
        ("path=data", "there is no 'path', but access_key_id"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(pytester: pytest.Pytester, line: str, words: str) -> None:
    pytester.makeini(f"[pytest]\ndynamodb_options = {line}\n")
    result = run(pytester, "def test_any(dynamodb): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*dynamodb_options: {words}*"])
