"""Who calls: the credential scope of a signed request, and the service's refusals of unsigned ones (FACTS 1.4).

Signatures are not verified: any credentials work, as in DynamoDB Local.  The scope matters nevertheless, since tables
are separate by access key id and region.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from ddbengine.engine.context import Caller
from ddbengine.errors import (
    IncompleteSignatureException,
    InvalidSignatureException,
    MissingAuthenticationTokenException,
)

__all__ = ["caller_of"]

_ALGORITHM = "X-Amz-Algorithm"
_QUERY_PARAMETERS = (_ALGORITHM, "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
_HEADER_PARAMETERS = ("Credential", "Signature", "SignedHeaders")


def caller_of(target: bytes, headers: Mapping[bytes, bytes]) -> Caller:
    """The caller of a request, from its Authorization header or its presigned query string.

    ``target`` is the request target as sent, header names are in lower case.  Raises
    MissingAuthenticationTokenException, InvalidSignatureException or IncompleteSignatureException.
    """
    header, query = headers.get(b"authorization"), _query_of(target)
    if header and _ALGORITHM in query:
        raise InvalidSignatureException(
            f"Found both '{_ALGORITHM}' as a query-string param and 'Authorization' as HTTP header."
        )
    if header and header.lstrip().startswith(b"AWS4-"):
        dated = bool(headers.get(b"x-amz-date") or headers.get(b"date"))
        return _caller_of_credential(_credential_of_header(header.decode("latin-1"), dated).encode("latin-1"))
    if not header and _ALGORITHM in query:
        return _caller_of_credential(_credential_of_query(query).encode())
    raise MissingAuthenticationTokenException("Request is missing Authentication Token")


def _credential_of_header(header: str, dated: bool) -> str:
    parts = (part.partition("=") for part in re.split("[, ]", header)[1:])
    parameters = {name.strip(): value for name, _, value in parts}
    missing = [
        f"Authorization header requires '{name}' parameter." for name in _HEADER_PARAMETERS if not parameters.get(name)
    ]
    if not dated:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing:
        raise IncompleteSignatureException(" ".join([*missing, f"Authorization={header}"]))
    return parameters["Credential"]


def _credential_of_query(query: dict[str, str]) -> str:
    missing = [
        f"AWS query-string parameters must include '{name}'. " for name in _QUERY_PARAMETERS if not query.get(name)
    ]
    if missing:
        raise IncompleteSignatureException("".join([*missing, "Re-examine the query-string parameters."]))
    return query["X-Amz-Credential"]


def _query_of(target: bytes) -> dict[str, str]:
    query = target.partition(b"?")[2].decode("latin-1")
    return dict(parse_qsl(query, keep_blank_values=True, errors="replace"))


def _caller_of_credential(credential: bytes) -> Caller:
    """The wording is that of AWS's common signature check, which FACTS does not list."""
    parts = credential.decode("utf-8", "replace").split("/")
    if len(parts) != 5 or not parts[0]:
        raise IncompleteSignatureException(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{'/'.join(parts)}'"
        )
    return Caller(access_key_id=parts[0], region=parts[2])
