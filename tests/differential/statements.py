"""Statements of PartiQL that DynamoDB Local answers as the service does (FACTS 5.14, 7), in the order they are sent.

Left out is where it is known to be wrong: rows in descending order, comparisons with the value first, overlapping
branches, deletions of nothing with further predicates, nested MODIFIED, unprojected filter attributes, capacity.
"""

from __future__ import annotations

from typing import Any

from tests.differential.peers import Request
from tests.differential.tables import ALL, Index, Table

TABLE = Table("diffStatements", "S", "N", (Index("gsi", "g1", "g2", ALL, is_global=True),))

_KEYED = (
    "pk = 'a' AND sk = 1", "pk = 'a' AND sk = 9", "pk = 'a' AND sk > 3", "pk = 'a' AND sk > 1 AND sk < 4",
    "pk = 'a' AND sk BETWEEN 2 AND 3", "pk = 'a' AND NOT sk = 3", "pk = 'a' AND sk <> 3", "pk = 'a' AND sk IN [3, 2]",
    "pk = 'a' AND (sk = 3 OR sk = 1)", "pk = 'a' AND (sk <> 3 OR sk = 3)", "pk IN ['b', 'a']", "pk = 'b' OR pk = 'a'",
    "pk IN ('b')", "pk = 'a' AND pk = 'b'", "pk = 'a' AND n IN [10, 'x']", "pk = 'a' AND m.x = 1",
    "pk = 'a' ORDER BY sk", "pk IN ['a', 'b'] ORDER BY sk ASC",
)  # fmt: skip

_FILTERS = (
    "n = 10", "n <> 10", "n < 20", "n IN [10, 20]", "n NOT IN [10, 20]", "n BETWEEN 10 AND 20", "n > 'x'", "n = NULL",
    "z IS NULL", "z IS NOT NULL", "z IS MISSING", "z IS NOT MISSING", "n IS NUMERIC", "pk IS STRING", "t IS BOOLEAN",
    "m IS STRUCT", "m IS TUPLE", "m.y IS LIST", "b IS BLOB", "tags = <<'s', 'r'>>", "m = {'y': ['p', 'q'], 'x': 1}",
    "contains(tags, 'r')", "contains(tags, 'r') = true", "contains(tags, 'r') = false", "contains(tags, 'r') <> true",
    "begins_with(pk, 'a') AND size(tags) = 2", "attribute_type(n, 'N') AND m.y[1] = 'q'", "NOT (pk = 'a')",
    "attribute_not_exists(m) OR m['x'] = 1", "size(tags) > size(m)", "1 = 1",
)  # fmt: skip

_COLUMNS = ("*", "pk", '"pk", sk', "m.x, m.y[1]", "m['y']", "m.y[1], m.y[0]", "nope", "m.nope, n")

_REFUSED = (
    "SELECT COUNT(*) FROM {t}",
    "SELECT size(m) FROM {t}",
    "SELECT 'pk' FROM {t}",
    "SELECT n + 1 FROM {t}",
    "SELECT m.x, m FROM {t}",
    "SELECT pk, pk FROM {t}",
    "SELECT pk AS p FROM {t}",
    "SELECT * FROM {t} AS x",
    "SELECT DISTINCT pk FROM {t}",
    "SELECT VALUE pk FROM {t}",
    "SELECT pk FROM {t} LIMIT 1",
    "SELECT pk FROM {t} GROUP BY pk",
    "SELECT * FROM {t} ORDER BY sk",
    "SELECT * FROM {t} WHERE pk = 'a' ORDER BY n",
    "SELECT * FROM {t} WHERE n = 1 ORDER BY sk",
    "SELECT * FROM {t} WHERE pk = 1",
    "SELECT * FROM {t} WHERE pk = 'a' AND sk > 'x'",
    "SELECT * FROM {t} WHERE pk = ''",
    "SELECT * FROM {t} WHERE t > true",
    "SELECT * FROM {t} WHERE n = 10 + 10",
    "SELECT * FROM {t} WHERE n = n",
    "SELECT * FROM {t} WHERE n BETWEEN 3 AND 2",
    "SELECT * FROM {t} WHERE n = MISSING",
    "SELECT * FROM {t} WHERE n",
    "SELECT * FROM {t} WHERE attribute_exists(n, m)",
    "SELECT * FROM {t} WHERE attribute_exists('n')",
    "SELECT * FROM {t} WHERE pk LIKE 'a%'",
    "SELECT * FROM {t} WHERE n IS INT",
    "SELECT * FROM {t} WHERE 'r' IN tags",
    "SELECT * FROM {t} WHERE NOT n",
    "SELECT * FROM {t} WHERE n = 1 AND n",
    "SELECT * FROM {t} WHERE pk.x = 'a'",
    'SELECT * FROM "{t}"."a"."b"',
    'SELECT * FROM "{t}".""',
    "SELECT * FROM {t} WHERE n = [sk]",
    "SELECT * FROM {t} WHERE n = ?",
    "INSERT INTO {t} VALUE {'pk': 'i'}",
    "INSERT INTO {t} VALUE {'pk': 1, 'sk': 1}",
    "INSERT INTO {t} VALUE ['x']",
    "INSERT INTO {t} VALUE {'pk': 'i', 'sk': 1, 'pk': 'j'}",
    "INSERT INTO {t} VALUE {'pk': 'i', 'sk': 1, 'x': n}",
    "INSERT INTO {t} VALUE {'pk': 'i', 'sk': 1, 'x': [<<'a', 1>>]}",
    "INSERT INTO {t} VALUE {'pk': 'i', 'sk': 1, 'x': [?]}",
    "INSERT INTO {t} VALUE {'pk': 'i', 'sk': 1} RETURNING ALL OLD *",
    "INSERT INTO {t}.gsi VALUE {'pk': 'i', 'sk': 1}",
    "UPDATE {t} SET x = 1 WHERE pk = 'a'",
    "UPDATE {t} SET x = 1 WHERE pk = 'a' AND sk IN [1]",
    "UPDATE {t} SET x = 1",
    "UPDATE {t} SET x = 1 WHERE pk = 'a' AND sk = 1 AND sk = 2",
    "UPDATE {t} SET pk = 'z' WHERE pk = 'a' AND sk = 1",
    "UPDATE {t} SET x = 1 WHERE pk = 'zz' AND sk = 1",
    "UPDATE {t} SET x = 1 WHERE pk = 'a' AND sk = 1 AND n = 99",
    "UPDATE {t} SET x = n * 2 WHERE pk = 'a' AND sk = 1",
    "UPDATE {t} SET x = -n WHERE pk = 'a' AND sk = 1",
    "UPDATE {t} SET x = set_add(x, [1]) WHERE pk = 'a' AND sk = 1",
    "UPDATE {t} SET x = 1, x.y = 2 WHERE pk = 'a' AND sk = 1",
    "UPDATE {t} SET x = set_add(x) WHERE pk = 'a' AND sk = 1",
    "UPDATE {t} SET x = n - 'a' WHERE pk = 'a' AND sk = 1",
    'UPDATE "{t}"."gsi" SET x = 1 WHERE pk = \'a\' AND sk = 1',
    "DELETE FROM {t} WHERE pk = 'a' AND sk = 1 RETURNING ALL NEW *",
    "DELETE FROM {t}",
    "DELETE FROM {t} WHERE pk = 'a' AND sk = 1 AND n = 7",
    "EXISTS(SELECT * FROM {t} WHERE pk = 'a')",
)

_WRITES = (
    "INSERT INTO {t} VALUE {'pk': 'i', 'sk': 1, 'a': [1, 'x', {'q': true}], 's': <<'a', 'b'>>, 'z': NULL, 'e': 1.5e2}",
    "UPDATE {t} SET x = 1 WHERE pk = 'a' AND sk = 1",
    "UPDATE {t} SET x = x + 1, y = 'q' WHERE pk = 'a' AND sk = 1 RETURNING ALL NEW *",
    "UPDATE {t} SET x = x - 5 SET y = 'r' REMOVE tags WHERE pk = 'a' AND sk = 1 RETURNING MODIFIED NEW *",
    "UPDATE {t} REMOVE y SET x = 5 WHERE pk = 'a' AND sk = 1 RETURNING MODIFIED OLD *",
    "UPDATE {t} SET m.y = list_append(m.y, ['e']), v = if_not_exists(v, 1) WHERE pk = 'a' AND sk = 1 AND n IN [10]",
    "UPDATE {t} SET ss = set_add(ss, <<'k', 'l'>>) WHERE pk = 'a' AND sk = 1 RETURNING MODIFIED NEW *",
    "UPDATE {t} SET ss = set_delete(ss, <<'k'>>) WHERE pk = 'a' AND sk = 1 RETURNING MODIFIED NEW *",
    "FROM {t} WHERE pk = 'a' AND sk = 2 SET x = 9 REMOVE n RETURNING ALL OLD *",
    "DELETE FROM {t} WHERE pk = 'a' AND sk = 5 AND n = 50 RETURNING ALL OLD *",
    "DELETE FROM {t} WHERE pk = 'a' AND sk = 5 RETURNING ALL OLD *",
)


def requests() -> list[Request]:
    """All statements, against a table made and filled by the first of them."""
    reads = [f"SELECT {columns} FROM {{t}} WHERE pk = 'a' AND sk = 1" for columns in _COLUMNS]
    reads += [f"SELECT pk, sk FROM {{t}} WHERE {clause}" for clause in _KEYED]
    reads += [f"SELECT pk, sk FROM {{t}} WHERE pk = 'a' AND ({clause})" for clause in _FILTERS]
    sent = [TABLE.creation(), *(Request("PutItem", {"TableName": TABLE.name, "Item": item}) for item in _items())]
    return sent + [_statement(text) for text in (*reads, *_REFUSED, *_WRITES, *reads)]


def _statement(text: str) -> Request:
    return Request("ExecuteStatement", {"Statement": text.replace("{t}", TABLE.name)})


def _items() -> list[dict[str, Any]]:
    whole = [
        {
            "pk": {"S": "a"},
            "sk": {"N": str(sk)},
            "n": {"N": str(10 * sk)},
            "m": {"M": {"x": {"N": "1"}, "y": {"L": [{"S": "p"}, {"S": "q"}]}}},
            "tags": {"SS": ["r", "s"]},
            "b": {"B": "AAEC"},
            "z": {"NULL": True},
            "t": {"BOOL": True},
        }
        for sk in range(1, 6)
    ]
    return [*whole, {"pk": {"S": "a"}, "sk": {"N": "6"}}, {"pk": {"S": "b"}, "sk": {"N": "1"}, "n": {"N": "7"}}]
