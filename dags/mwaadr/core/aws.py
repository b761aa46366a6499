"""S3 and KMS of either Region, with time limits that suit a Region that may be dead."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mwaadr.core import config
from mwaadr.core.errors import MdrError

# 3 s to connect, 10 s in all, one retry (docs/formats.md, "Endpoints").
CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"total_max_attempts": 2, "mode": "standard"},
    s3={"addressing_style": "path"},
    user_agent_extra="mwaa-dr-action",
)
OWNER = "x-amz-expected-bucket-owner"
_session: botocore.session.Session | None = None


def endpoints() -> dict[str, str]:
    """Region → address, from MWAADR_ENDPOINTS; empty when unset."""
    pairs = (pair.split("=", 1) for pair in os.environ.get("MWAADR_ENDPOINTS", "").split(",") if "=" in pair)
    return {region.strip(): address.strip() for region, address in pairs}


def client(service: str, region: str, *, hurried: bool = False) -> Any:
    """A client of one Region. Clients may be shared between threads, their creation may not.

    One of S3 lets no request go out that does not say which account the bucket has to belong to: names of buckets are
    global and ours can be guessed, so one that is gone may be a stranger's. S3 answers AccessDenied then (Amazon S3
    User Guide, "Verifying bucket ownership with bucket owner condition").
    ``hurried``: one try of 3 s, for what is better late than blocking.
    """
    global _session
    if _session is None:
        _session = botocore.session.get_session()
    address = endpoints().get(region)
    settings = CONFIG.merge(Config(inject_host_prefix=False)) if address else CONFIG
    if hurried:
        settings = settings.merge(Config(read_timeout=3, retries={"total_max_attempts": 1, "mode": "standard"}))
    made = _session.create_client(service, region_name=region, endpoint_url=address, config=settings)
    if service == "s3":
        owner = next(site.account for site in config.load().sites if site.region == region)
        # Before the signature, which then covers it.
        made.meta.events.register("before-call.s3", lambda params, **_: params["headers"].update({OWNER: owner}))
    return made


def quality(error: Exception) -> str:
    """`missing`, `denied`, `throttled` or `dark`: what a failed call says about the other end."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in ("NoSuchKey", "404", "NotFound"):
            return "missing"
        if code in ("SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded") or status == 429:
            return "throttled"
        return "dark" if status >= 500 else "denied"
    return "dark"


CODES = {"denied": "MDR-AWS-DENIED", "throttled": "MDR-AWS-THROTTLED", "dark": "MDR-AWS-DARK"}


def mdr_error(error: Exception, what: str) -> MdrError:
    """The catalogue's error for a failed AWS call."""
    return MdrError(CODES.get(quality(error), "MDR-AWS-ERROR"), f"{what}: {error}")


@dataclass(frozen=True)
class Reading:
    """One look at a JSON object; ``quality`` is `good`, `invalid` when it is not what it should, or as in `quality`."""

    quality: str
    value: dict[str, Any] | None = None


class Bucket:
    """The DR bucket of one Region."""

    def __init__(self, region: str, name: str, *, hurried: bool = False) -> None:
        self.region = region
        self.name = name
        self.s3 = client("s3", region, hurried=hurried)

    def look(self, key: str) -> Reading:
        """Reads a JSON object and never raises for what the other end does or holds."""
        try:
            body = self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
            value = json.loads(body)
        except (ClientError, BotoCoreError, OSError) as error:
            return Reading(quality(error))
        except (ValueError, RecursionError):
            return Reading("invalid")
        return Reading("good", value) if isinstance(value, dict) else Reading("invalid")

    def get(self, key: str) -> bytes:
        """The whole object. Raises ClientError or BotoCoreError."""
        return self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()

    def put(self, key: str, body: bytes, *, only_new: bool = False) -> str:
        """Writes an object that S3 checks against our SHA-256, and returns that as hex. Raises as `get`."""
        digest = hashlib.sha256(body).digest()
        extra = {"IfNoneMatch": "*"} if only_new else {}
        checksum = base64.b64encode(digest).decode()
        self.s3.put_object(Bucket=self.name, Key=key, Body=body, ChecksumSHA256=checksum, **extra)
        return digest.hex()

    def put_json(self, key: str, value: dict[str, Any]) -> None:
        self.put(key, json.dumps(value, ensure_ascii=False, indent=1).encode())

    def newest(self, prefix: str, after: str) -> list[str]:
        """Names of the "folders" right below ``prefix`` that sort after ``after``, newest first."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, Delimiter="/", StartAfter=prefix + after
        )
        found = [p["Prefix"][len(prefix) : -1] for page in pages for p in page.get("CommonPrefixes", [])]
        return sorted(found, reverse=True)

    def exists(self, key: str) -> bool:
        try:
            self.s3.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if quality(error) == "missing":
                return False
            raise
        return True
