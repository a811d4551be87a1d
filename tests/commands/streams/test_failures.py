"""Whatever goes wrong is told in one line and by an exit code."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import NoRegionError, SSLError

from ddbengine.__main__ import main
from ddbengine.commands.streams.failures import Failure, failure_of
from ddbengine.consumer.errors import DeadLettersUnwritable
from ddbengine.consumer.failures import translated
from tests.commands.streams.conftest import Streams, Table
from tests.commands.streams.stream_model import client_error
from tests.servers import free_port


@pytest.mark.parametrize(
    "command", [["describe"], ["tail"], ["consume", "--handler", "json:dumps"], ["list", "--table"]]
)
def test_a_table_that_is_not_there_is_named(streams: Streams, command: list[str]) -> None:
    code, out, err = streams(*command, "no-such-table")
    assert (code, out) == (3, "")
    assert err.startswith("ddbengine: there is no table 'no-such-table' at http://127.0.0.1:")
    assert "(region us-east-1)" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "command", [["describe"], ["tail"], ["consume", "--handler", "json:dumps"], ["list", "--table"]]
)
def test_a_table_without_a_stream_is_told_how_to_have_one(
    streams: Streams, new_table: Callable[..., Table], command: list[str]
) -> None:
    name = new_table(None).name
    code, _, err = streams(*command, name)
    assert code == 3
    assert err.startswith(f"ddbengine: table '{name}' has no stream; switch one on with UpdateTable")


@pytest.mark.parametrize("command", [["list"], ["tail", "t"], ["consume", "t", "--handler", "json:dumps"]])
def test_an_endpoint_where_nobody_answers_is_named(streams: Streams, command: list[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    code, out, err = streams(*command, endpoint=url)
    assert (code, out) == (4, "")
    assert url in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "yesterday"], "--from: 'yesterday' is no moment; write"),
        (["--from", "12345"], "--from: a sequence number has 21 to 40 digits, not 5"),
        (["--from", "2999-01-01"], "--from: '2999-01-01' is in the future"),
        (["--filter", "eventName=INSERT"], "--filter: Invalid filter pattern definition. It is not JSON"),
        (["--filter", '{"eventName": "INSERT"}'], "must be an object or an array"),
    ],
)
def test_a_start_or_a_filter_that_is_wrong_is_refused_before_anything_is_asked(
    streams: Streams, arguments: list[str], words: str
) -> None:
    for command in (["tail", "t"], ["consume", "t", "--handler", "json:dumps"]):
        code, out, err = streams(*command, *arguments, endpoint=f"http://127.0.0.1:{free_port()}")
        assert (code, out) == (2, "")
        assert words in err
        assert err.count("\n") == 1


def test_records_that_are_trimmed_are_not_passed_over_in_silence(streams: Streams, table: Table) -> None:
    table.put("a")
    code, _, err = streams("tail", table.name, "--from", "0" * 20 + "1")
    assert (code, "is trimmed" in err) == (6, True)


def test_without_credentials_for_another_machine_the_exit_code_is_five(streams: Streams) -> None:
    code, _, err = streams("list", "--region", "eu-west-1", endpoint="http://dynamodb.invalid:8000")
    assert code == 5
    assert err == "ddbengine: no usable AWS credentials: Unable to locate credentials\n"


def test_a_profile_that_is_not_there_is_named(streams: Streams) -> None:
    code, _, err = streams("list", "--profile", "no-such-profile")
    assert (code, "no-such-profile" in err) == (5, True)


def test_an_endpoint_that_is_no_url_is_refused(streams: Streams) -> None:
    code, _, err = streams("list", "--region", "eu-west-1", endpoint="127.0.0.1:8000")
    assert (code, err) == (2, "ddbengine: Invalid endpoint: 127.0.0.1:8000\n")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (client_error("ThrottlingException"), 7),
        (translated(client_error("ThrottlingException")), 1),
        (client_error("TrimmedDataAccessException"), 6),
        (client_error("ResourceNotFoundException"), 3),
        (client_error("AccessDeniedException"), 5),
        (client_error("UnrecognizedClientException"), 5),
        (client_error("InternalServerError", 500), 1),
        (SSLError(endpoint_url="https://x", error="bad"), 4),
        (NoRegionError(), 5),
        (DeadLettersUnwritable("full"), 1),
        (Failure("as it is", 6), 6),
    ],
)
def test_each_kind_of_failure_has_its_exit_code(error: Exception, code: int) -> None:
    failure = failure_of(error)
    assert failure.code == code
    assert "\n" not in str(failure)


def test_throttling_is_known_behind_the_error_that_explains_it() -> None:
    cause = client_error("ProvisionedThroughputExceededException")
    explained = translated(cause)
    explained.__cause__ = cause
    assert failure_of(explained).code == 7


def test_a_bug_is_not_taken_for_a_failure() -> None:
    with pytest.raises(ZeroDivisionError):
        failure_of(ZeroDivisionError())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["streams"], "COMMAND"),
        (["streams", "tail"], "TABLE"),
        (["streams", "tail", "t", "--limit", "0"], "a number from 1 on"),
        (["streams", "tail", "t", "--until-idle", "5"], "'5' is no span of time"),
        (["streams", "tail", "t", "--format", "xml"], "invalid choice: 'xml'"),
        (["streams", "tail", "t", "--aws", "--endpoint-url", "http://x"], "not allowed with"),
        (["streams", "consume", "t"], "one of the arguments --handler --exec --http is required"),
        (["streams", "consume", "t", "--exec", "a", "--http", "b"], "not allowed with"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
