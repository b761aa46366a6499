"""Cross-Region replication of S3, which moto stores the configuration of but does not carry out.

As in S3: only versions written after the rule, never a replica of a replica, the same VersionId, ETag, LastModified
and metadata, delete markers only where the rule says so, deletions of a version never.
"""

import copy
import threading
import time

from moto.s3.models import FakeDeleteMarker, FakeKey, S3Backend

DELAY_SECONDS = 0.1


class Replication:
    def __init__(self, backend):
        self.backend = backend
        self.lock = threading.Lock()  # held whenever keys change
        self.paused = set()
        self.new_versions = []  # of the write in progress
        self.waiting = []  # (due, source bucket, version, rule)
        self.changed = threading.Condition()
        self.record_new_versions()
        threading.Thread(target=self.work, daemon=True).start()

    def record_new_versions(self):
        """Hooks both ways by which a version comes to be. Its metadata is complete once the request is answered."""
        put_object, set_delete_marker = S3Backend.put_object, S3Backend._set_delete_marker
        response_headers = FakeKey.response_dict.fget

        def recording_put(backend, bucket_name, *args, **kwargs):
            key = put_object(backend, bucket_name, *args, **kwargs)
            self.new_versions.append((bucket_name, key))
            return key

        def recording_delete_marker(backend, bucket_name, *args, **kwargs):
            marker = set_delete_marker(backend, bucket_name, *args, **kwargs)
            self.new_versions.append((bucket_name, marker))
            return marker

        def headers_with_status(key):
            status = getattr(key, "replication_status", None)
            return {**response_headers(key), **({"x-amz-replication-status": status} if status else {})}

        S3Backend.put_object = recording_put
        S3Backend._set_delete_marker = recording_delete_marker
        FakeKey.response_dict = property(headers_with_status)

    def accept_new_versions(self):
        """Called under the lock, after the request that made them."""
        versions, self.new_versions = self.new_versions, []
        with self.changed:
            for bucket_name, version in versions:
                bucket = self.backend.get_bucket(bucket_name)
                for rule in rules_for(bucket, version):
                    if isinstance(version, FakeKey):
                        version.replication_status = "PENDING"
                    self.waiting.append((time.monotonic() + DELAY_SECONDS, bucket, version, rule))
            self.changed.notify()

    def pause(self, regions):
        with self.changed:
            self.paused = set(regions)
            self.changed.notify()

    def status(self):
        with self.changed:
            return {"paused": sorted(self.paused), "waiting": len([x for x in self.waiting if not self.is_paused(x)])}

    def work(self):
        while True:
            with self.changed:
                ready = [x for x in self.waiting if not self.is_paused(x)]
                wait = ready[0][0] - time.monotonic() if ready else None
                if wait is None or wait > 0:
                    self.changed.wait(wait)
                    continue
            _, bucket, version, rule = ready[0]
            with self.lock:
                self.replicate(bucket, version, rule)
            with self.changed:
                self.waiting.remove(ready[0])

    def is_paused(self, item):
        _, source, _, rule = item
        target = self.backend.buckets.get(destination_of(rule))
        return source.region_name in self.paused or (target and target.region_name in self.paused)

    def replicate(self, source, version, rule):
        target = self.backend.buckets.get(destination_of(rule))
        if target is None or not target.is_versioned:
            version.replication_status = "FAILED"
        elif isinstance(version, FakeDeleteMarker):
            insert(target, copy.copy(version))
        elif version in source.keys.getlist(version.name, []):
            replica = replica_of(version, target)
            self.backend.tagger.copy_tags(version.arn, replica.arn)
            insert(target, replica)
            version.replication_status = "COMPLETED"


def rules_for(bucket, version):
    configuration = getattr(bucket, "replication", None) or {"Rule": []}
    return [rule for rule in configuration["Rule"] if rule["Status"] == "Enabled" and applies(rule, version)]


def applies(rule, version):
    rule_filter = rule.get("Filter") or {}
    prefix = rule_filter.get("Prefix") or (rule_filter.get("And") or {}).get("Prefix") or rule.get("Prefix") or ""
    markers = (rule.get("DeleteMarkerReplication") or {}).get("Status") == "Enabled"
    return version.name.startswith(prefix) and (markers or isinstance(version, FakeKey))


def destination_of(rule):
    return rule["Destination"]["Bucket"].split(":::")[-1]


def replica_of(key, bucket):
    replica = FakeKey(
        name=key.name,
        value=key.value,
        account_id=key.account_id,
        region_name=bucket.region_name,
        storage=key.storage_class,
        etag=key.etag.strip('"'),
        is_versioned=True,
        version_id=key.version_id,
        multipart=key.multipart,
        bucket_name=bucket.name,
        encryption=key.encryption,
        kms_key_id=key.kms_key_id,
        bucket_key_enabled=key.bucket_key_enabled,
        checksum_value=key.checksum_value,
        checksum_type=key.checksum_type,
        checksum_parts=key.checksum_parts,
    )
    replica._metadata = copy.copy(key.metadata)
    replica.checksum_algorithm = key.checksum_algorithm
    replica.last_modified = key.last_modified
    replica.replication_status = "REPLICA"
    return replica


def insert(bucket, version):
    """By time, so that both sides end with the same current version when both wrote the key."""
    versions = bucket.keys.getlist(version.name, [])
    if any(known.version_id == version.version_id for known in versions):
        return
    bucket.keys.setlist(version.name, sorted([*versions, version], key=lambda known: known.last_modified))
