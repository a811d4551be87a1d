"""Every limit of the service in one place: unit last in the name, reason or source beside it.

Plain numbers; whoever refuses something words the refusal.  "Model" is the service model that the
SDKs ship (``service-2.json``), "guide" the public page of quotas, "FACTS" the observations behind
this project.  The relations between limits are asserted at the end, at import.
"""

from __future__ import annotations

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

# --- names ---------------------------------------------------------------------------------------

TABLE_NAME_MIN_CHARACTERS: Final = 3  # guide; control plane only
TABLE_NAME_MAX_CHARACTERS: Final = 255  # guide
TABLE_ARN_MIN_CHARACTERS: Final = 1  # model: the data plane takes a name or an ARN (FACTS 3.3)
TABLE_ARN_MAX_CHARACTERS: Final = 1024  # model, TableArn
INDEX_NAME_MIN_CHARACTERS: Final = 3  # model, IndexName
INDEX_NAME_MAX_CHARACTERS: Final = 255  # model, IndexName
KEY_ATTRIBUTE_NAME_MIN_CHARACTERS: Final = 1  # model, KeySchemaAttributeName
KEY_ATTRIBUTE_NAME_MAX_CHARACTERS: Final = 255  # model, KeySchemaAttributeName
ATTRIBUTE_NAME_MAX_BYTES: Final = 65_535  # model, AttributeName

# --- items and values (FACTS 2) ------------------------------------------------------------------

ITEM_MAX_BYTES: Final = 409_600  # accepted; one more is refused (FACTS 2.7)
NESTING_MAX_LEVELS: Final = 32  # the attribute itself is level 1 (FACTS 2.5)
TRANSACTION_VALUE_MAX_LEVELS: Final = 33  # of an expression's value; deeper ones are refused (FACTS 2.5)
PARTITION_KEY_MAX_BYTES: Final = 2048  # FACTS 2.4, reads and writes
SORT_KEY_MAX_BYTES: Final = 1024  # FACTS 2.4; all sort attributes of an index together
NUMBER_MAX_DIGITS: Final = 38  # significant ones (FACTS 2.1)
NUMBER_MAX_EXPONENT: Final = 125  # 9.99...E+125 (FACTS 2.1)
NUMBER_MIN_EXPONENT: Final = -130  # 1E-130 (FACTS 2.1)

# --- keys, indexes, projections (FACTS 5.9) ------------------------------------------------------

TABLE_KEY_MAX_ATTRIBUTES: Final = 2  # FACTS 3.3: three elements break a constraint
INDEX_PARTITION_MAX_ATTRIBUTES: Final = 4  # GSI only (FACTS 5.9)
INDEX_SORT_MAX_ATTRIBUTES: Final = 4  # GSI only (FACTS 5.9)
LOCAL_INDEXES_MAX: Final = 5  # FACTS 5.9 row 16
GLOBAL_INDEXES_MAX: Final = 20  # FACTS 5.9 row 19
PROJECTED_ATTRIBUTES_MAX_PER_INDEX: Final = 20  # model, NonKeyAttributeNameList
PROJECTED_ATTRIBUTES_MAX_PER_TABLE: Final = 100  # guide: INCLUDE, over all indexes, repeats counted

# --- requests ------------------------------------------------------------------------------------

REQUEST_BODY_MAX_BYTES: Final = 16 * MIB  # larger is 413 without a body (FACTS 1.1)
BATCH_GET_MAX_KEYS: Final = 100  # over all tables (FACTS 5.8)
BATCH_GET_MAX_BYTES: Final = 16 * MIB  # of the response; the rest is UnprocessedKeys (guide)
BATCH_WRITE_MAX_REQUESTS: Final = 25  # over all tables (FACTS 5.8)
TRANSACTION_MAX_ACTIONS: Final = 100  # FACTS 5.8
TRANSACTION_MAX_BYTES: Final = 4 * MIB  # FACTS 2.7
CLIENT_TOKEN_MAX_CHARACTERS: Final = 36  # FACTS 5.8
CLIENT_TOKEN_VALID_SECONDS: Final = 600  # guide: after the request that first used it was carried out
PARTIQL_BATCH_MAX_STATEMENTS: Final = 25  # FACTS 5.14

# --- Query and Scan (FACTS 5.6, 5.7) -------------------------------------------------------------

PAGE_MAX_BYTES: Final = 1 * MIB  # of items read, before the filter
PAGE_LIMIT_MIN_ITEMS: Final = 1  # model, PositiveIntegerObject
SCAN_MAX_SEGMENTS: Final = 1_000_000  # FACTS 5.7
SCAN_HASH_SLICES: Final = 4096  # segments cut the first three hexadecimal digits of the hash (FACTS 5.7)

# --- expressions (FACTS 4.2) ---------------------------------------------------------------------

EXPRESSION_MAX_BYTES: Final = 4096  # raw text: aliases not expanded, blanks counted
EXPRESSION_MAX_OPERATORS: Final = 300  # operators and functions
IN_MAX_OPERANDS: Final = 100  # guide
EXPRESSION_ALIAS_MAX_CHARACTERS: Final = 255  # guide: #name and :value, the sign included
SUBSTITUTIONS_MAX_BYTES: Final = 2 * MIB  # guide: names and values of a request with their aliases, all together

# --- item collections ----------------------------------------------------------------------------

ITEM_COLLECTION_MAX_BYTES: Final = 10 * 1024 * MIB  # guide: tables with a local index

# --- control plane -------------------------------------------------------------------------------

LIST_TABLES_MAX_NAMES: Final = 100  # per page, and when Limit is absent (FACTS 5.10)
TAGS_MAX_PER_RESOURCE: Final = 50  # guide
TAG_KEY_MAX_CHARACTERS: Final = 128  # model, TagKeyString
TAG_VALUE_MAX_CHARACTERS: Final = 256  # model, TagValueString
RESOURCE_POLICY_MAX_BYTES: Final = 20_480  # FACTS 5.16
LIST_INSIGHTS_MAX_SUMMARIES: Final = 100  # model, ListContributorInsightsLimit
LIST_BACKUPS_MAX: Final = 100  # model, BackupsInputLimit
RECOVERY_PERIOD_DAYS: Final = 35  # of point-in-time recovery unless the request says otherwise (FACTS 5.16)
THROUGHPUT_MAX_UNITS: Final = 1_000_000_000_000  # above is "out of bounds" (FACTS 5.9 row 3)
ACCOUNT_MAX_READ_UNITS: Final = 80_000  # DescribeLimits, the service's default quotas
ACCOUNT_MAX_WRITE_UNITS: Final = 80_000
TABLE_MAX_READ_UNITS: Final = 40_000
TABLE_MAX_WRITE_UNITS: Final = 40_000
ONLINE_INDEX_CHANGES_MAX: Final = 1  # one GSI created or deleted at a time (FACTS 5.10)

# --- vector indexes (FACTS 5.15) -----------------------------------------------------------------

VECTOR_INDEXES_MAX: Final = 5  # per table
VECTOR_MAX_DIMENSIONS: Final = 4096
SEARCH_MAX_RESULTS: Final = 100  # TopK
SEARCH_FILTER_MAX_BYTES: Final = 10_240  # a value of an INLINE_FILTER attribute
SEARCH_MIN_BYTES: Final = 1024  # what a search or a write is charged at least, per index (FACTS 6.5)

# --- time to live --------------------------------------------------------------------------------

EXPIRED_MAX_AGE_SECONDS: Final = 5 * 365 * 24 * 3600  # guide: what expired longer ago stays

# --- streams (FACTS 5.13) -----------------------------------------------------------------------

STREAM_PAGE_MAX_RECORDS: Final = 1_000  # GetRecords; model, in the documentation of Limit
STREAM_PAGE_MAX_BYTES: Final = 1 * MIB  # of one GetRecords, by SizeBytes; model
STREAM_RETENTION_SECONDS: Final = 24 * 3600  # model, TrimmedDataAccessException
SHARD_ITERATOR_VALID_SECONDS: Final = 15 * 60  # model, GetShardIterator
LIST_STREAMS_MAX_STREAMS: Final = 100  # model, in the documentation of Limit
DESCRIBE_STREAM_MAX_SHARDS: Final = 100  # model, in the documentation of Limit
SHARD_ROLLOVER_SECONDS: Final = 4 * 3600  # guide: shards are closed after about four hours
PARTITION_MAX_BYTES: Final = 10 * 1024 * MIB  # guide
PARTITION_MAX_WRITES_PER_SECOND: Final = 1_000  # guide: write units of one partition

# --- exports and imports (FACTS 5.16) ------------------------------------------------------------

EXPORTS_UNDER_WAY_MAX: Final = 300  # guide, quotas
IMPORTS_UNDER_WAY_MAX: Final = 50  # guide, quotas
JOBS_PAGE_DEFAULT: Final = 10  # of ListExports and ListImports; 25 is the most the model allows
JOB_KEPT_SECONDS: Final = 90 * 24 * 3600  # model, in the documentation of ListExports and ListImports
JOB_TOKEN_VALID_SECONDS: Final = 8 * 3600  # model, in the documentation of ClientToken

# --- capacity (FACTS 6.2) ------------------------------------------------------------------------

READ_UNIT_BYTES: Final = 4 * KIB
WRITE_UNIT_BYTES: Final = 1 * KIB

# --- how they relate -----------------------------------------------------------------------------

assert TABLE_NAME_MIN_CHARACTERS < TABLE_NAME_MAX_CHARACTERS < TABLE_ARN_MAX_CHARACTERS
assert INDEX_NAME_MIN_CHARACTERS < INDEX_NAME_MAX_CHARACTERS
assert KEY_ATTRIBUTE_NAME_MAX_CHARACTERS < ATTRIBUTE_NAME_MAX_BYTES < ITEM_MAX_BYTES
assert PARTITION_KEY_MAX_BYTES + SORT_KEY_MAX_BYTES < ITEM_MAX_BYTES
assert NUMBER_MIN_EXPONENT < -NUMBER_MAX_DIGITS < NUMBER_MAX_DIGITS < NUMBER_MAX_EXPONENT
assert ITEM_MAX_BYTES < PAGE_MAX_BYTES, "every page makes progress"
assert ITEM_MAX_BYTES < TRANSACTION_MAX_BYTES < BATCH_GET_MAX_BYTES
assert BATCH_WRITE_MAX_REQUESTS * ITEM_MAX_BYTES < REQUEST_BODY_MAX_BYTES, "a full batch fits in a request"
assert PROJECTED_ATTRIBUTES_MAX_PER_INDEX <= PROJECTED_ATTRIBUTES_MAX_PER_TABLE
assert IN_MAX_OPERANDS < EXPRESSION_MAX_OPERATORS < EXPRESSION_MAX_BYTES
assert SCAN_HASH_SLICES == 16**3
assert 2 * ITEM_MAX_BYTES < STREAM_PAGE_MAX_BYTES, "a stream record with both images fits a page"
assert SHARD_ITERATOR_VALID_SECONDS < SHARD_ROLLOVER_SECONDS < STREAM_RETENTION_SECONDS
assert READ_UNIT_BYTES % WRITE_UNIT_BYTES == 0
assert TABLE_MAX_READ_UNITS <= ACCOUNT_MAX_READ_UNITS < THROUGHPUT_MAX_UNITS
assert TABLE_MAX_WRITE_UNITS <= ACCOUNT_MAX_WRITE_UNITS < THROUGHPUT_MAX_UNITS
