"""What the data path asks of S3, request by request."""

from __future__ import annotations

import base64
import json
import unittest

from bed import ACCOUNT, REGIONS, Bed, client
from seed import seed

EVERY_CALL = """
import json
from mwaadr.core.aws import Bucket
from mwaadr.core.config import load
sent = []
def note(request, **_):
    text = lambda value: value.decode() if isinstance(value, bytes) else value
    headers = {name.lower(): text(value) for name, value in request.headers.items()}
    signed = "x-amz-expected-bucket-owner" in headers["authorization"]
    sent.append([request.method, headers.get("x-amz-expected-bucket-owner"), signed, headers["user-agent"]])
for site in load().sites:
    for hurried in (False, True):
        bucket = Bucket(site.region, site.bucket, hurried=hurried)
        bucket.s3.meta.events.register("before-send.s3", note)
        bucket.put("owner/a", b"x")
        bucket.put_json("owner/b", {})
        bucket.get("owner/a")
        bucket.look("owner/b")
        bucket.look("owner/none")
        bucket.newest("owner/", "")
        bucket.exists("owner/a")
print(json.dumps(sent))
"""


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.bed = Bed()
        cls.addClassCleanup(cls.bed.close)

    def test_every_request_says_which_account_the_bucket_has_to_belong_to(self) -> None:
        """Names such as `mwaadr-<account>-<region>` can be guessed: a bucket that is gone may be a stranger's."""
        other = "999999999999"
        path = self.bed.dags / "mwaadr" / "deployment.json"
        own = path.read_text()
        self.addCleanup(path.write_text, own)
        first, second = self.bed.deployment["sites"]
        path.write_text(json.dumps(self.bed.deployment | {"sites": [first, second | {"account": other}]}))
        ran = self.bed.sites[0].python(EVERY_CALL)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        sent = json.loads(ran.stdout.splitlines()[-1])
        self.assertEqual(len(sent), 7 * 2 * len(REGIONS))
        self.assertEqual([owner for _, owner, _, _ in sent], [ACCOUNT] * 14 + [other] * 14)
        self.assertTrue(all(signed and "mwaa-dr-action" in agent for _, _, signed, agent in sent))

    def test_s3_keeps_the_sha256_of_every_part_which_verify_compares(self) -> None:
        source = self.bed.sites[0]
        seed(source)
        self.bed.control(0)
        source.beat()
        prefix = f"snapshots/{self.bed.name}/{source.run('snapshot')['snapshot']}/"
        manifest = json.loads(source.get(prefix + "manifest.json"))
        parts = {f"{table['name']}/{part['name']}": part for table in manifest["tables"] for part in table["parts"]}
        self.assertGreater(len(parts), 10)
        for name, part in parts.items():
            where = {"Bucket": source.bucket, "Key": prefix + name}
            head = client("s3", source.region).head_object(**where, ChecksumMode="ENABLED")
            self.assertEqual(base64.b64decode(head["ChecksumSHA256"]).hex(), part["sha256"], name)
