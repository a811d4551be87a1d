"""``ddbengine import`` and ``export`` as a person at a terminal meets them, on stores in directories."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ddbengine.__main__ import main
from ddbengine.engine.bulk_load import load
from ddbengine.engine.bulk_scan import scan_all
from ddbengine.engine.context import Caller
from ddbengine.engine.doctor import diagnose
from ddbengine.engine.opening import open_engine
from tests import strategies, tables
from tests.engine.whole_check import check_database
from tests.wire import B, N, S

LOCAL = Caller("local", "us-east-1")
MUSIC = tables.table("music", sort="N", global_=[tables.global_index("by-genre", "genre")])

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line in the test's directory; exit code, and what it said to people."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> tuple[int, str]:
        code = main([*map(str, words)])
        out, err = capsys.readouterr()
        return code, out + err

    return run


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    path = tmp_path / "music.schema"
    path.write_text(json.dumps(MUSIC))
    return path


def item(number: int, **more: Any) -> dict[str, Any]:
    return {"pk": S(f"artist {number % 5}"), "sk": N(number), "genre": S("folk"), **more}


def written(path: Path, *items: Any) -> Path:
    path.write_bytes(b"".join((line if isinstance(line, bytes) else orjson.dumps(line)) + b"\n" for line in items))
    return path


def contents(path: Path, table: str = "music", caller: Caller = LOCAL) -> list[dict[str, Any]]:
    """The items of a store, which is checked as a whole."""
    engine = open_engine(path)
    try:
        check_database(engine)
        return list(scan_all(engine, caller, {"TableName": table, "ConsistentRead": True}))
    finally:
        engine.close()


def sorted_items(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(items, key=lambda item: orjson.dumps(item, option=orjson.OPT_SORT_KEYS))


# --- what works -------------------------------------------------------------------------------------------------------


def test_items_come_into_a_table_that_is_created(run: Run, schema: Path, tmp_path: Path) -> None:
    items = [item(number) for number in range(20)]
    source = written(tmp_path / "items.json", *({"Item": one} for one in items))
    code, said = run("import", source, "--path", "data", "--schema", schema)
    assert code == 0
    assert said.startswith("20 items into table music of data in ")
    assert sorted_items(contents(tmp_path / "data")) == sorted_items(items)
    assert diagnose(tmp_path / "data", [], lambda *_: None).is_clean
    assert not (tmp_path / "items.json.import-state").exists(), "a finished import leaves nothing behind"


def test_the_name_and_parameters_of_a_template_can_be_given(run: Run, tmp_path: Path) -> None:
    properties = {member: MUSIC[member] for member in ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")}
    template = {
        "Parameters": {"Stage": {"Type": "String"}},
        "Resources": {
            "T": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    **properties,
                    "BillingMode": "PAY_PER_REQUEST",
                    "TableName": {"Fn::Sub": "${Stage}-music"},
                    "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
                },
            }
        },
    }
    written(tmp_path / "template.json", template)
    source = written(tmp_path / "items.json", item(1))
    options = ("--path", "data", "--schema", "template.json", "--quiet")
    code, said = run("import", source, *options)
    assert code == 2
    assert said.endswith("resource T: TableName: parameter 'Stage' has no default, and was not given a value\n")
    assert run("import", source, *options, "--parameter", "Stage=dev") == (0, "")
    assert run("import", source, *options, "--parameter", "Stage=dev", "--table", "songs") == (0, "")
    engine = open_engine(tmp_path / "data")
    try:
        for name in ("dev-music", "songs"):
            request = {"TableName": name}
            setting = orjson.loads(engine.execute("DescribeTimeToLive", request, LOCAL))["TimeToLiveDescription"]
            assert setting == {"AttributeName": "expires", "TimeToLiveStatus": "ENABLED"}
            assert orjson.loads(engine.execute("Scan", request, LOCAL))["Count"] == 1
    finally:
        engine.close()


def test_a_table_that_is_there_is_imported_into_whoever_has_it(run: Run, tmp_path: Path) -> None:
    mine = Caller("AKIAMINE", "eu-west-1")
    engine = open_engine(tmp_path / "data")
    engine.execute("CreateTable", MUSIC, mine)
    load(engine, mine, "music", [item(1)])
    engine.close()
    source = written(tmp_path / "items.json", item(1, year=N(1990)), item(2))
    assert run("import", source, "--path", "data", "--table", "music", "--quiet") == (0, "")
    assert sorted_items(contents(tmp_path / "data", caller=mine)) == [item(1, year=N(1990)), item(2)]


def test_a_shared_store_is_recognised(run: Run, tmp_path: Path, schema: Path) -> None:
    source = written(tmp_path / "items.json", item(1))
    assert run("import", source, "--path", "data", "--shared-db", "--schema", schema, "--quiet") == (0, "")
    source = written(tmp_path / "items.json", item(2))
    assert run("import", source, "--path", "data", "--table", "music", "--quiet") == (0, "")
    assert run("export", "out.json", "--path", "data", "--table", "music", "--quiet") == (0, "")
    assert len((tmp_path / "out.json").read_bytes().splitlines()) == 2


def test_of_several_tables_of_a_name_one_has_to_be_meant(run: Run, tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "data")
    for caller in (LOCAL, Caller("other", "eu-west-1")):
        engine.execute("CreateTable", MUSIC, caller)
    engine.close()
    source = written(tmp_path / "items.json", item(1))
    options = ("import", source, "--path", "data", "--table", "music", "--quiet")
    assert run(*options) == (
        2,
        "ddbengine: data has several tables 'music', say whose is meant: access key local in us-east-1, "
        "access key other in eu-west-1\n",
    )
    assert run(*options, "--access-key-id", "other", "--region", "eu-west-1") == (0, "")
    assert contents(tmp_path / "data") == []
    assert len(contents(tmp_path / "data", caller=Caller("other", "eu-west-1"))) == 1


def test_the_number_of_replicas_stays_what_it_is(run: Run, tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "data", replicas=1)
    engine.execute("CreateTable", MUSIC, LOCAL)
    engine.close()
    source = written(tmp_path / "items.json", item(1))
    assert run("import", source, "--path", "data", "--table", "music", "--quiet")[0] == 0
    assert sorted(path.name for path in (tmp_path / "data").glob("az*")) == ["az1"]


def test_csv_is_imported_with_the_types_of_keys_and_those_named(run: Run, tmp_path: Path, schema: Path) -> None:
    (tmp_path / "items.tsv").write_text("pk\tsk\tgenre\tyear\tlive\nAcme\t1\tfolk\t1990\ttrue\nAcme\t2\t\t\t\n")
    code, _ = run("import", "items.tsv", "--path", "data", "--schema", schema, "--types", "year=N,live=BOOL")
    assert code == 0
    assert contents(tmp_path / "data") == [
        {"pk": S("Acme"), "sk": N(1), "genre": S("folk"), "year": N(1990), "live": {"BOOL": True}},
        {"pk": S("Acme"), "sk": N(2)},
    ]


def test_the_standard_input_is_a_source(
    run: Run, schema: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = gzip.compress(orjson.dumps(item(1)) + b"\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(content))))
    assert run("import", "-", "--path", "data", "--schema", schema, "--quiet") == (0, "")
    assert contents(tmp_path / "data") == [item(1)]


def test_ion_is_imported_and_not_exported(run: Run, tmp_path: Path, schema: Path) -> None:
    source = tmp_path / "music.ion.gz"
    source.write_bytes(
        gzip.compress(b'$ion_1_0 {Item:{pk:"a",sk:6d2,s:$dynamodb_NS::[1.,2.]}}\n$ion_1_0 {Item:{pk:1e0}}\n')
    )
    code, said = run("import", source, "--path", tmp_path / "store", "--schema", schema, "--max-errors", 1)
    assert code == 1
    assert "music.ion.gz:2: has a value of the Ion type float, which DynamoDB does not have" in said
    code, _ = run("export", "out.json", "--path", tmp_path / "store", "--table", "music")
    assert code == 0
    assert orjson.loads((tmp_path / "out.json").read_bytes()) == {
        "Item": {"pk": S("a"), "sk": N(600), "s": {"NS": ["1", "2"]}}
    }
    code, said = run("export", "out.ion", "--path", tmp_path / "store", "--table", "music")
    assert code == 2
    assert "out.ion: Ion can only be read, not written" in said


@pytest.mark.parametrize("target", ["out.json", "out.json.gz", "out.jsonl.zst", "s3", "out.csv"])
def test_what_is_exported_comes_back(target: str, run: Run, schema: Path, tmp_path: Path) -> None:
    items = [item(number, x=B(bytes([number])), n=N("1.5")) for number in range(50)]
    written(tmp_path / "items.json", *items)
    assert run("import", "items.json", "--path", "data", "--schema", schema, "--quiet") == (0, "")
    (tmp_path / "s3").mkdir()
    options = ("--columns", "pk,sk,genre,x,n") if target.endswith("csv") else ()
    code, said = run(
        "export", target, "--path", "data", "--table", "music", "--schema-file", "exported.schema", *options
    )
    assert code == 0
    assert said.startswith(f"50 items of table music into {target}")
    types = ("--types", "x=B,n=N") if target.endswith("csv") else ()
    assert run("import", target, "--path", "copy", "--schema", "exported.schema", "--quiet", *types) == (0, "")
    assert contents(tmp_path / "copy") == contents(tmp_path / "data")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.dictionaries(st.text("abc", min_size=1, max_size=3), strategies.wire_items, max_size=8))
def test_any_items_come_back(rows: dict[str, dict[str, Any]], run: Run, tmp_path: Path) -> None:
    directory = tmp_path / f"round {len(list(tmp_path.iterdir()))}"
    engine = open_engine(directory, replicas=1)
    engine.execute("CreateTable", tables.table("music"), LOCAL)
    load(engine, LOCAL, "music", ({**one, "pk": S(key)} for key, one in rows.items()))
    engine.close()
    schema = directory / "schema"
    out = directory / "out.json.zst"
    assert run("export", out, "--path", directory, "--table", "music", "--schema-file", schema, "--quiet") == (0, "")
    assert run("import", out, "--path", directory / "copy", "--schema", schema, "--quiet") == (0, "")
    assert contents(directory / "copy") == contents(directory)


def test_an_export_to_the_standard_output_can_be_read_by_other_programs(run: Run, schema: Path, tmp_path: Path) -> None:
    written(tmp_path / "items.json", item(1))
    assert run("import", "items.json", "--path", "data", "--schema", schema, "--quiet") == (0, "")
    code, out = run("export", "-", "--path", "data", "--table", "music", "--quiet")
    assert (code, orjson.loads(out)) == (0, {"Item": item(1)})


# --- refused items ----------------------------------------------------------------------------------------------------


def test_the_first_refused_item_ends_the_import_with_its_line(run: Run, schema: Path, tmp_path: Path) -> None:
    source = written(tmp_path / "items.json", item(1), {"pk": S("x"), "sk": S("y")}, item(3))
    code, said = run("import", source, "--path", "data", "--schema", schema, "--quiet")
    assert code == 1
    assert said.splitlines() == [
        f"ddbengine: {source}:2: One or more parameter values were invalid: Type mismatch for key sk expected: N "
        "actual: S",
        "ddbengine: ended after 1 refused items; --resume goes on from here",
    ]
    assert contents(tmp_path / "data") == [item(1)]


def test_with_an_errors_file_the_rest_is_imported(run: Run, schema: Path, tmp_path: Path) -> None:
    bad = {"pk": S("x"), "sk": S("y")}
    source = written(tmp_path / "items.json", item(1), b"oops", item(2), bad, item(3))
    code, said = run("import", source, "--path", "data", "--schema", schema, "--errors-file", "errors.json")
    assert code == 1
    assert said.splitlines()[-1].endswith(", 2 refused")
    assert len(contents(tmp_path / "data")) == 3
    errors = list(map(json.loads, (tmp_path / "errors.json").read_text().splitlines()))
    assert [(error["file"], error["line"], error["item"]) for error in errors] == [
        (str(source), 2, "oops"),
        (str(source), 4, bad),
    ]
    assert errors[0]["error"].startswith("is not JSON: ")
    assert errors[1]["error"].startswith("One or more parameter values were invalid: Type mismatch for key sk")


def test_only_so_many_refused_items_are_put_up_with(run: Run, schema: Path, tmp_path: Path) -> None:
    source = written(tmp_path / "items.json", item(1), b"1", b"2", item(2), b"3", item(3))
    options = ("--path", "data", "--schema", schema, "--quiet", "--max-errors")
    assert run("import", source, *options, 2)[0] == 1
    assert sorted_items(contents(tmp_path / "data")) == [item(1), item(2)]
    assert run("import", source, *options, 3)[0] == 1
    assert len(contents(tmp_path / "data")) == 3


def test_only_the_first_ones_are_printed(run: Run, schema: Path, tmp_path: Path) -> None:
    source = written(tmp_path / "items.json", *[b"oops"] * 20)
    _, said = run("import", source, "--path", "data", "--schema", schema, "--quiet", "--max-errors", 100)
    assert len(said.splitlines()) == 11
    assert said.splitlines()[-1] == "ddbengine: ... and others"


# --- going on ---------------------------------------------------------------------------------------------------------


def test_an_import_goes_on_behind_what_is_durable(
    run: Run, schema: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ddbengine.engine.bulk_load.BATCH_MAX_ITEMS", 2)
    source = written(tmp_path / "items.json", *map(item, range(5)), b"oops", *map(item, range(5, 10)))
    options = ("import", source, "--path", "data", "--schema", schema)
    assert run(*options)[0] == 1
    state = json.loads((tmp_path / "items.json.import-state").read_bytes())
    assert (state["file"], state["line"], state["items"], state["refused"]) == (0, 5, 5, 1)
    written(source, *[b"not read again"] * 5, item(100), *map(item, range(5, 10)))
    code, said = run(*options, "--resume")
    assert code == 0 or "refused" in said
    assert said.startswith("6 items into table music of data in ")
    assert ", 5 before that" in said
    assert len(contents(tmp_path / "data")) == 11


def test_without_resume_an_import_begins_anew(run: Run, schema: Path, tmp_path: Path) -> None:
    source = written(tmp_path / "items.json", item(1), b"oops")
    options = ("import", source, "--path", "data", "--schema", schema, "--quiet")
    assert run(*options)[0] == 1
    written(source, item(2), item(3))
    assert run(*options) == (0, "")
    assert len(contents(tmp_path / "data")) == 3


def test_a_state_of_another_import_is_refused(run: Run, schema: Path, tmp_path: Path) -> None:
    source = written(tmp_path / "items.json", item(1), b"oops")
    assert run("import", source, "--path", "data", "--schema", schema, "--quiet")[0] == 1
    code, said = run("import", source, "--path", "other", "--schema", schema, "--quiet", "--resume")
    assert (code, said) == (
        2,
        f"ddbengine: {source}.import-state: is of another import: its target is 'data', not 'other'\n",
    )
    (tmp_path / "items.json.import-state").write_text("{}")
    code, said = run("import", source, "--path", "data", "--schema", schema, "--quiet", "--resume")
    assert (code, said) == (2, f"ddbengine: {source}.import-state: is no state of an import\n")


def test_the_state_may_be_somewhere_else(run: Run, schema: Path, tmp_path: Path) -> None:
    source = written(tmp_path / "items.json", item(1), b"oops")
    options = ("import", source, "--path", "data", "--schema", schema, "--quiet", "--state-file", "state")
    assert run(*options)[0] == 1
    assert (tmp_path / "state").exists()
    assert not (tmp_path / "items.json.import-state").exists()
    assert run(*options[:-1], "no/such/directory")[0] == 2


def test_where_no_state_can_be_kept_the_import_says_so_and_goes_on(
    run: Run, schema: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ddbengine.exchange.import_state.StateFile.write", refuse)
    source = written(tmp_path / "items.json", item(1))
    assert run("import", source, "--path", "data", "--schema", schema, "--quiet") == (
        0,
        f"ddbengine: this import cannot be resumed: {source}.import-state: Permission denied (see --state-file)\n",
    )


# --- what cannot be carried out ---------------------------------------------------------------------------------------


def test_what_cannot_be_carried_out_is_said_in_a_line(run: Run, schema: Path, tmp_path: Path) -> None:
    source = written(tmp_path / "items.json", item(1))

    def refused(*words: object) -> str:
        code, said = run(*words)
        assert (code, said.count("\n")) == (2, 1), said
        return said

    at = ("--path", "data")
    assert refused("import", "nothing.json", *at) == "ddbengine: nothing.json: No such file or directory\n"
    assert refused("import", source, *at) == "ddbengine: say which table to import into: --table NAME\n"
    assert refused("import", source, *at, "--table", "music") == "ddbengine: data: there is no store\n"
    assert refused("export", "out.json", *at, "--table", "music") == "ddbengine: data: there is no store\n"
    assert not (tmp_path / "data").exists()
    assert run("import", source, *at, "--schema", schema, "--quiet") == (0, "")
    assert refused("import", source, *at, "--table", "other") == (
        "ddbengine: data: there is no table 'other'; --schema FILE says how to create it\n"
    )
    assert refused("export", "out.json", *at, "--table", "other") == "ddbengine: data: there is no table 'other'\n"
    assert refused("export", "out.csv", *at, "--table", "music") == (
        "ddbengine: CSV needs the names of its columns: --columns NAMES\n"
    )
    assert refused("export", source, *at, "--table", "music") == f"ddbengine: {source}: exists; --force replaces it\n"
    assert "no/out.json" in refused("export", "no/out.json", *at, "--table", "music")
    assert refused("import", source, *at, "--table", "x").startswith("ddbengine: ValidationException: ")
    (tmp_path / "items.csv").write_text("pk,sk\na,1\n")
    assert refused("import", "items.csv", *at, "--table", "music", "--types", "sk=S") == (
        "ddbengine: --types says sk is S, but it is a key of type N\n"
    )


def test_a_request_that_the_engine_refuses_is_told_in_its_words(run: Run, tmp_path: Path) -> None:
    written(tmp_path / "bad.schema", {**MUSIC, "AttributeDefinitions": MUSIC["AttributeDefinitions"][:1]})
    source = written(tmp_path / "items.json", item(1))
    code, said = run("import", source, "--path", "data", "--schema", "bad.schema")
    assert code == 2
    assert said.startswith("ddbengine: ValidationException: ")


def test_a_store_that_is_open_elsewhere_is_left_alone(run: Run, tmp_path: Path, schema: Path) -> None:
    engine = open_engine(tmp_path / "data")
    try:
        source = written(tmp_path / "items.json", item(1))
        code, said = run("import", source, "--path", "data", "--schema", schema)
    finally:
        engine.close()
    assert code == 2
    assert "data" in said


def test_a_source_that_breaks_off_leaves_what_came_before(run: Run, schema: Path, tmp_path: Path) -> None:
    items = written(tmp_path / "items.json", *(item(number, x=S("x" * 100_000)) for number in range(30)))
    (tmp_path / "items.json.gz").write_bytes(gzip.compress(items.read_bytes())[:-6])
    code, said = run("import", "items.json.gz", "--path", "data", "--schema", schema, "--quiet")
    assert code == 2
    assert said.startswith("ddbengine: items.json.gz:")
    assert said.endswith(": the compressed file is damaged here or soon after; --resume goes on from here\n")
    assert 0 < len(contents(tmp_path / "data")) <= 30


def test_an_export_that_breaks_off_leaves_no_file(
    run: Run, schema: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(tmp_path / "items.json", item(1))
    assert run("import", source, "--path", "data", "--schema", schema, "--quiet") == (0, "")

    def fail(_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ddbengine.exchange.exporting.line_of", fail)
    before = sorted(tmp_path.iterdir())
    assert run("export", "out.json.gz", "--path", "data", "--table", "music") == (
        2,
        "ddbengine: No space left on device\n",
    )
    assert sorted(tmp_path.iterdir()) == before
    assert run("export", "out", "--path", "data", "--table", "music", "--format", "s3-export")[0] == 2
    assert not list((tmp_path / "out").rglob("manifest-summary.json"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("import items.json", "one of the arguments --path --endpoint-url is required"),
        ("import items.json --path d --endpoint-url u", "not allowed with argument --path"),
        ("import - --path d --resume", "an import of the standard input cannot be resumed"),
        ("import i --path d --parameter a=b", "--parameter needs --schema"),
        ("import i --path d --schema s --parameter ab", "NAME=VALUE is needed, not 'ab'"),
        ("import i --path d --types a=X", "a type is one of S, N, B, BOOL, NULL, M, L, SS, NS, BS, not 'X'"),
        ("import i --path d --header a,a", "different names with commas between them are needed, not 'a,a'"),
        ("import i --path d --delimiter x", "a delimiter is one of , ; : | tab and space, not 'x'"),
        ("import i --path d --max-errors -1", "a whole number is needed, not '-1'"),
        ("import i --path d --max-errors x", "a whole number is needed, not 'x'"),
        ("import i --path d --threads 0", "a number from 1 on is needed, not '0'"),
        ("import i --endpoint-url u --shared-db", "--replica-path and --shared-db are of a store: give --path"),
        ("import i --path d --shared-db --region r", "a shared store has the same tables for all"),
        ("import i --path d --replica-path a --replica-path b", "--replica-path is to be given once for each replica"),
        ("export - --path d --table t --format s3-export", "s3-export needs a directory"),
        ("export o --path d --table t --format s3-export --compression zstd", "are always gzip"),
        ("export o --path d", "the following arguments are required: --table"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(
    words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    err = capsys.readouterr().err
    assert ended.value.code == 2
    assert message in err
    assert err.count("\n") == 1


# --- the bar ----------------------------------------------------------------------------------------------------------


def test_a_terminal_shows_a_bar_with_rate_and_nothing_is_left_of_it(
    run: Run, schema: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ddbengine.commands.exchange.PATIENCE_SECONDS", 0)
    monkeypatch.setattr("ddbengine.engine.bulk_load.BATCH_MAX_ITEMS", 5)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    source = written(tmp_path / "items.json", *map(item, range(500)))
    assert main(["import", str(source), "--path", "data", "--schema", str(schema)]) == 0
    assert " items/s" in shown.getvalue()
    assert "%|" in shown.getvalue()
    assert shown.getvalue().splitlines()[-1].endswith("items/s)")
