"""Keys, encryption, compression and MAC of a snapshot (docs/formats.md, "Keys"); the Fernet keys of a site."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

try:
    import zstandard
except ImportError:  # not in every MWAA image
    zstandard = None

NONCE = 12


def compression() -> str:
    return "zstd" if zstandard else "gzip"


def compress(raw: bytes, how: str) -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(raw) if how == "zstd" else gzip.compress(raw, 6, mtime=0)


def decompress(packed: bytes, how: str) -> bytes:
    """Raises ValueError when this image lacks zstandard and the snapshot was made with it."""
    if how == "gzip":
        return gzip.decompress(packed)
    if zstandard is None:
        raise ValueError("the snapshot is compressed with zstd, which this image cannot read")
    return zstandard.ZstdDecompressor().decompress(packed)


def canonical(value: Any) -> bytes:
    """Canonical JSON: keys sorted, no spaces, UTF-8, no ASCII escapes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class SnapshotKeys:
    """The keys that are derived from a snapshot's data key of 32 bytes."""

    def __init__(self, data_key: bytes) -> None:
        def derive(info: str) -> bytes:
            return HKDF(algorithm=SHA256(), length=32, salt=None, info=info.encode()).derive(data_key)

        self._parts = AESGCM(derive("mwaadr/parts/v1"))
        self._manifest = derive("mwaadr/manifest/v1")
        self.content = derive("mwaadr/content/v1")
        """Salt of the content hashes."""

    def seal(self, plain: bytes, associated: str) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._parts.encrypt(nonce, plain, associated.encode())

    def open(self, sealed: bytes, associated: str) -> bytes:
        """Raises cryptography's InvalidTag when the bytes or their place are not what was sealed."""
        return self._parts.decrypt(sealed[:NONCE], sealed[NONCE:], associated.encode())

    def mac(self, manifest: Mapping[str, Any]) -> str:
        body = canonical({key: value for key, value in manifest.items() if key != "mac"})
        return hmac.new(self._manifest, body, hashlib.sha256).hexdigest()


def fernet_keys(env: Mapping[str, str] = os.environ) -> list[str]:
    """This site's Fernet keys, the one that encrypts first; empty when there is none.

    MWAA gives `MWAA__CORE__FERNET_KEY` as JSON and `AIRFLOW__CORE__FERNET_KEY` as Airflow wants it: keys separated by
    commas while a rotation lasts.
    """
    text = env.get("AIRFLOW__CORE__FERNET_KEY", "")
    if not text and env.get("MWAA__CORE__FERNET_KEY"):
        text = json.loads(env["MWAA__CORE__FERNET_KEY"])["FernetKey"]
    return [key.strip() for key in text.split(",") if key.strip()]


class FernetBox:
    """Encrypts and decrypts as this site's Airflow does."""

    def __init__(self, keys: list[str]) -> None:
        self._box = MultiFernet([Fernet(key.encode()) for key in keys]) if keys else None

    def decrypt(self, token: str) -> str | None:
        """The plain text, or None when the token is not one of this site's keys."""
        if self._box is None:
            return None
        try:
            return self._box.decrypt(token.encode()).decode()
        except (InvalidToken, UnicodeError):
            return None

    def encrypt(self, plain: str) -> str | None:
        """The token, or None when this site has no Fernet key."""
        return self._box.encrypt(plain.encode()).decode() if self._box else None
