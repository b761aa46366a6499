"""GetBucketReplication as it was put: moto keeps the rules whole, but shows every prefix empty and no deletions."""

from moto.core.responses import ActionResult
from moto.s3.exceptions import ReplicationConfigurationNotFoundError
from moto.s3.responses import S3Response

COPIED = ("ID", "Status", "Prefix", "Destination", "DeleteMarkerReplication", "SourceSelectionCriteria")


def show_replication_rules():
    S3Response.get_bucket_replication = get_bucket_replication


def get_bucket_replication(response):
    response.data["Action"] = "GetBucketReplication"
    stored = response.backend.get_bucket_replication(response.bucket_name)
    if not stored:
        raise ReplicationConfigurationNotFoundError(bucket_name=response.bucket_name)
    rules = [shown(rule) for rule in stored["Rule"]]
    return response.serialized(
        ActionResult({"ReplicationConfiguration": {"Role": stored["Role"], "Rules": rules}}),
    )


def shown(rule):
    answer = {name: rule[name] for name in COPIED if rule.get(name) is not None}
    if rule.get("Priority") is not None:
        answer["Priority"] = int(rule["Priority"])
    if "Filter" in rule:
        answer["Filter"] = shown_filter(rule["Filter"] or {})
    return answer


def shown_filter(stored):
    """An empty element of XML has been read as None; tags stand in it one by one."""
    both = stored.get("And")
    if both:
        tags = both.get("Tag") or []
        listed = tags if isinstance(tags, list) else [tags]
        return {"And": {"Prefix": both.get("Prefix") or "", "Tags": listed}}
    if stored.get("Tag"):
        return {"Tag": stored["Tag"]}
    return {"Prefix": stored.get("Prefix") or ""}
