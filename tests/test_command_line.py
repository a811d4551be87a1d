"""What the command line understands, in both spellings, and how it says that it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ddbengine import __version__
from ddbengine.__main__ import main
from ddbengine.api import server
from ddbengine.api.server import Options
from ddbengine.commands import doctor
from ddbengine.engine.fault_rules import FaultRules, Rule


@pytest.fixture(autouse=True)
def served(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    """The options that would have been served with, instead of serving."""
    options: list[Options] = []

    def serve(given: Options) -> int:
        options.append(given)
        return 0

    monkeypatch.setattr(server, "serve", serve)
    return options


def refusal(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a command line is refused with."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert err.startswith("ddbengine: ")
    assert err.count("\n") == 1
    return err


DATA = Path("ddbengine-data")
REALISTIC = Options(
    path=DATA, delay_transient_statuses=True, gsi_lag_ms=200, partitions=None, eventual_reads="any", replica_lag_ms=50
)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ("serve", Options(path=DATA)),
        ("serve --in-memory", Options(path=None)),
        ("serve --db-path d/e", Options(path=Path("d/e"))),
        ("serve --host 0.0.0.0 --port 0", Options(path=DATA, host="0.0.0.0", port=0)),
        ("serve --shared-db", Options(path=DATA, shared=True)),
        ("serve --cors http://a,http://b", Options(path=DATA, cors="http://a,http://b")),
        ("serve --delay-transient-statuses", Options(path=DATA, delay_transient_statuses=True)),
        ("serve --log-level Debug", Options(path=DATA, log_level="DEBUG")),
        ("serve --tls-cert c --tls-key k", Options(path=DATA, tls_cert=Path("c"), tls_key=Path("k"))),
        ("serve --tls-cert both", Options(path=DATA, tls_cert=Path("both"))),
        ("serve --replicas 1", Options(path=DATA, replicas=1)),
        ("serve --in-memory --replicas 1", Options(path=None, replicas=1)),
        (
            "serve --replica-path a --replica-path b --replica-path c",
            Options(path=DATA, replica_paths=(Path("a"), Path("b"), Path("c"))),
        ),
        ("serve --durability none", Options(path=DATA, durability="none")),
        (
            "serve --eventual-reads any --replica-lag 250",
            Options(path=DATA, eventual_reads="any", replica_lag_ms=250),
        ),
        ("serve --min-replicas 1", Options(path=DATA, min_replicas=1)),
        ("serve --ttl-interval 0.5", Options(path=DATA, ttl_interval=0.5)),
        ("serve --item-collection-limit 4096", Options(path=DATA, item_collection_limit=4096)),
        ("serve --gsi-lag 500", Options(path=DATA, gsi_lag_ms=500)),
        ("serve --realistic", REALISTIC),
        ("serve --gsi-lag 5 --realistic --partitions 3", replace(REALISTIC, gsi_lag_ms=5, partitions=3)),
        ("serve --realistic --replica-lag 7", replace(REALISTIC, replica_lag_ms=7)),
        (
            "serve --realistic --eventual-reads leader",
            replace(REALISTIC, eventual_reads="leader", replica_lag_ms=0),
        ),
        (
            "serve --realistic --in-memory",
            replace(REALISTIC, path=None, eventual_reads="leader", replica_lag_ms=0),
        ),
        ("serve --adjustable-clock", Options(path=DATA, adjustable_clock=True)),
        ("serve --partitions 4 --adjustable-partitions", Options(path=DATA, partitions=4, adjustable_partitions=True)),
        ("serve --shard-rollover 60", Options(path=DATA, shard_rollover=60.0)),
        ("serve --stream-retention 0.5", Options(path=DATA, stream_retention_hours=0.5)),
        ('serve --faults [{"drop":"after"}]', Options(path=DATA, faults=FaultRules(0, (Rule(drop="after"),)))),
        ("-port 8001", Options(path=DATA, port=8001)),
        ("-inMemory -sharedDb", Options(path=None, shared=True)),
        ("-sharedDb -dbPath d", Options(path=Path("d"), shared=True)),
        ("-inMemory -port 9000 -cors *", Options(path=None, port=9000, cors="*")),
        ("-delayTransientStatuses", Options(path=DATA, delay_transient_statuses=True)),
        ("-dbPath d -optimizeDbBeforeStartup -disableTelemetry", Options(path=Path("d"))),
    ],
)
def test_options_are_understood_in_both_spellings(served: list[Options], arguments: str, options: Options) -> None:
    assert main(arguments.split()) == 0
    assert served == [options]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", "say what to do"),
        ("nonsense", "nonsense"),
        ("serve --nonsense", "--nonsense"),
        ("serve extra", "extra"),
        ("serve --port", "--port"),
        ("serve --port x", "a number from 0 to 65535, not 'x'"),
        ("serve --port 65536", "a number from 0 to 65535, not '65536'"),
        ("serve --port -1", "--port"),
        ("serve --in-mem", "--in-mem"),
        ("serve --in-memory --db-path d", "--in-memory"),
        ("serve --log-level loud", "loud"),
        ("serve --tls-key k", "--tls-key needs --tls-cert"),
        ("serve --s3-directory nowhere", "--s3-directory: nowhere is no directory"),
        ("serve --replicas 2", "--replicas"),
        ("serve --in-memory --replicas 3", "a store in memory has one replica"),
        ("serve --in-memory --replica-path d", "a store in memory has one replica"),
        ("serve --in-memory --eventual-reads any", "need --replicas 3"),
        ("serve --replica-path d", "once for each of the 3 replicas, not 1 times"),
        ("serve --replicas 1 --replica-path d --replica-path e", "once for each of the 1 replicas, not 2 times"),
        ("serve --replica-path d --replica-path e --replica-path ./d", "another directory"),
        ("serve --durability some", "some"),
        ("serve --eventual-reads all", "all"),
        ("serve --replicas 1 --eventual-reads any", "need --replicas 3"),
        ("serve --replicas 1 --replica-lag 5", "need --replicas 3"),
        ("serve --gsi-lag -1", "a whole number of milliseconds from 0 on, not '-1'"),
        ("serve --replica-lag 5", "with --eventual-reads any only"),
        ("serve --eventual-reads any --replica-lag 1.5", "a whole number of milliseconds from 0 on, not '1.5'"),
        ("serve --min-replicas 0", "from 1 on"),
        ("serve --min-replicas 4", "more than the 3 there are"),
        ("serve --replicas 1 --min-replicas 2", "more than the 1 there are"),
        ("doctor", "PATH"),
        ("doctor a b", "b"),
        ("doctor a --nonsense", "--nonsense"),
        ("serve --ttl-interval 0", "a number of seconds from 0.01 to 86400, not '0'"),
        ("serve --ttl-interval nan", "a number of seconds"),
        ("serve --ttl-interval soon", "a number of seconds"),
        ("serve --partitions 0", "a whole number from 1 to 1000, not '0'"),
        ("serve --shard-rollover 0.5", "a number of seconds from 1 to 86400, not '0.5'"),
        ("serve --stream-retention long", "a number of hours from 0.001 to 8760, not 'long'"),
        ("serve --faults", "--faults"),
        ("serve --faults nope.json", "cannot read the faults in nope.json: No such file"),
        ("serve --faults [{}]", "--faults: faults: rule 1: says no effect"),
        ("-port 0", "a number from 1 to 65535"),
        ("-port x", "-port"),
        ("-port", "-port"),
        ("-nonsense", "-nonsense"),
        ("-inMemory extra", "extra"),
        ("-inMemory -dbPath d", "dbPath and inMemory cannot be set at the same time"),
        ("-inMemory -optimizeDbBeforeStartup", "optimizeDbBeforeStartup must be used with dbPath"),
    ],
)
def test_what_is_not_understood_is_one_line_and_exit_code_2(
    served: list[Options], capsys: pytest.CaptureFixture[str], arguments: str, words: str
) -> None:
    assert words in refusal(arguments.split(), capsys)
    assert served == []


@pytest.mark.parametrize(
    ("arguments", "placed", "mend", "as_json"),
    [
        ("doctor d", [], False, False),
        ("doctor d --repair --json", [], True, True),
        ("doctor d --replica-path a --replica-path b", [Path("a"), Path("b")], False, False),
    ],
)
def test_the_doctor_is_called(
    monkeypatch: pytest.MonkeyPatch, arguments: str, placed: list[Path], mend: bool, as_json: bool
) -> None:
    calls: list[tuple[Path, list[Path], bool, bool]] = []

    def run(path: Path, placed: list[Path], *, mend: bool, as_json: bool) -> int:
        calls.append((path, placed, mend, as_json))
        return 1

    monkeypatch.setattr(doctor, "run", run)
    assert main(arguments.split()) == 1
    assert calls == [(Path("d"), placed, mend, as_json)]


@pytest.mark.parametrize("flag", ["--version", "-version"])
def test_the_version_is_printed(capsys: pytest.CaptureFixture[str], flag: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([flag])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"ddbengine {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ["serve", "--version"]),
        (["-h"], ["serve", "--version"]),
        (["serve", "--help"], ["--in-memory", "--db-path", "--tls-cert", "ddbengine-data", "8000"]),
        (["serve", "--help"], ["--replicas", "--replica-path", "--durability", "--eventual-reads", "--min-replicas"]),
        (["doctor", "--help"], ["PATH", "--repair", "--json", "--replica-path", "exit codes"]),
        (["serve", "--help"], ["--in-memory", "--db-path", "--tls-cert", "--faults", "ddbengine-data", "8000"]),
        (["-help"], ["-inMemory", "-dbPath", "-sharedDb", "-cors", "8000"]),
    ],
)
def test_help_names_the_options(capsys: pytest.CaptureFixture[str], arguments: list[str], words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert [word for word in words if word not in out] == []
