"""The manifest of a snapshot: written last on one side, trusted only after every check on the other."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mwaadr.core.aws import Bucket, client, quality
from mwaadr.core.config import Deployment, Keys, Site
from mwaadr.core.crypto import SnapshotKeys, canonical
from mwaadr.core.errors import Refused


def context(deployment: str, snapshot: str) -> dict[str, str]:
    """KMS encryption context of a snapshot's data key."""
    return {"mwaadr:deployment": deployment, "mwaadr:snapshot": snapshot}


def new_data_key(deployment: Deployment, here: Site, peer: Site, snapshot: str) -> tuple[bytes, list[dict[str, str]]]:
    """A data key of 32 bytes and its wraps by the keys of both sites.

    With the peer's key out of reach there is one wrap only, and the snapshot stays unverified.
    Raises ClientError or BotoCoreError when our own key cannot be used.
    """
    bound = context(deployment.name, snapshot)
    made = client("kms", here.region).generate_data_key(KeyId=here.key_arn, KeySpec="AES_256", EncryptionContext=bound)
    wraps = [_wrap(here, made["CiphertextBlob"])]
    try:
        sealed = client("kms", peer.region).encrypt(
            KeyId=peer.key_arn, Plaintext=made["Plaintext"], EncryptionContext=bound
        )
        wraps.append(_wrap(peer, sealed["CiphertextBlob"]))
    except (ClientError, BotoCoreError):
        pass  # `verify` sees the missing wrap and says so
    return made["Plaintext"], wraps


def _wrap(site: Site, blob: bytes) -> dict[str, str]:
    return {"region": site.region, "keyArn": site.key_arn, "ciphertext": base64.b64encode(blob).decode()}


def seal(manifest: dict[str, Any], keys: SnapshotKeys) -> bytes:
    """The manifest's bytes as they are stored, with its MAC."""
    return canonical(manifest | {"mac": keys.mac(manifest)})


def open_verified(
    bucket: Bucket, deployment: Deployment, here: Site, snapshot: str, sha256: str
) -> tuple[dict[str, Any], SnapshotKeys]:
    """The manifest, checked against the hash that the action saw and against its MAC, and the snapshot's keys.

    Raises Refused: MDR-SNAPSHOT-MANIFEST (missing, damaged, forged), MDR-SNAPSHOT-KEY (cannot be unwrapped here).
    """
    try:
        body = bucket.get(Keys(deployment.name).manifest(snapshot))
    except ClientError as error:
        if quality(error) != "missing":
            raise
        raise Refused("MDR-SNAPSHOT-MANIFEST", f"snapshot {snapshot} has no manifest in {bucket.name}") from None
    if not hmac.compare_digest(hashlib.sha256(body).hexdigest(), sha256):
        raise Refused("MDR-SNAPSHOT-MANIFEST", f"the manifest of {snapshot} is not the one that the action verified")
    manifest = json.loads(body)
    if manifest["schemaVersion"] != 1 or manifest["id"] != snapshot or manifest["deployment"] != deployment.name:
        raise Refused("MDR-SNAPSHOT-MANIFEST", f"the manifest of {snapshot} is of another snapshot or schema")
    keys = SnapshotKeys(_unwrap(manifest, deployment.name, here))
    if not hmac.compare_digest(keys.mac(manifest), manifest["mac"]):
        raise Refused("MDR-SNAPSHOT-MANIFEST", f"the manifest of {snapshot} fails its authentication")
    return manifest, keys


def _unwrap(manifest: dict[str, Any], deployment: str, here: Site) -> bytes:
    wrap = next((wrap for wrap in manifest["wraps"] if wrap["region"] == here.region), None)
    if wrap is None:
        raise Refused("MDR-SNAPSHOT-KEY", f"snapshot {manifest['id']} has no data key for {here.region}")
    try:
        answer = client("kms", here.region).decrypt(
            KeyId=here.key_arn,
            CiphertextBlob=base64.b64decode(wrap["ciphertext"]),
            EncryptionContext=context(deployment, manifest["id"]),
        )
    except ClientError as error:
        raise Refused("MDR-SNAPSHOT-KEY", f"{here.key_arn} does not unwrap the data key: {error}") from None
    return answer["Plaintext"]
