"""moto as the sandbox's AWS services other than MWAA: one process for both Regions, with what the sandbox needs on top.

usage: server.py PORT
"""

import base64
import hashlib
import io
import json
import logging
import os
import re
import sys
import threading
import zlib

from checksums import name_algorithm, show_checksums_of_parts
from metrics import order_dimensions
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import s3_backends
from quotas import add_quotas
from replication import Replication
from replication_rules import show_replication_rules
from rights import add_simulation
from werkzeug.serving import run_simple

CREDENTIAL = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/")
CHECKSUMS = {
    "HTTP_CONTENT_MD5": lambda body: hashlib.md5(body).digest(),
    "HTTP_X_AMZ_CHECKSUM_SHA256": lambda body: hashlib.sha256(body).digest(),
    "HTTP_X_AMZ_CHECKSUM_SHA1": lambda body: hashlib.sha1(body).digest(),
    "HTTP_X_AMZ_CHECKSUM_CRC32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
}
S3 = s3_backends[os.environ["MOTO_ACCOUNT_ID"]]["aws"]
ADMIN = "/_sandbox/replication"


class SandboxApplication:
    """Serialises writes to S3 (moto checks If-Match and stores in two steps) and keeps its Regions apart."""

    def __init__(self, moto_application, replication):
        self.moto = moto_application
        self.replication = replication
        self.write_lock = threading.Lock()

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == ADMIN:
            return self.administer(environ, start_response)
        scope = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        if not scope or scope[2] != "s3":
            return self.moto(environ, start_response)
        home = region_of_bucket(environ)
        if home and home != scope[1]:
            where = [("x-amz-bucket-region", home)]
            message = "The bucket you are attempting to access must be addressed using the specified endpoint."
            return refuse(start_response, "301 Moved Permanently", "PermanentRedirect", message, where)
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return self.moto(environ, start_response)
        return self.write(environ, start_response)

    def write(self, environ, start_response):
        # Read before the lock: a slow client must not stop everybody else's writes.
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if not has_its_checksum(body, environ):
            return refuse(start_response, "400 Bad Request", "BadDigest", "The checksum you specified did not match.")
        environ["wsgi.input"] = io.BytesIO(body)
        name_algorithm(environ)
        with self.write_lock:
            answer = self.moto(environ, start_response)
            self.replication.accept_new_versions()
            return answer

    def administer(self, environ, start_response):
        if environ["REQUEST_METHOD"] == "PUT":
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            self.replication.pause(json.loads(body)["paused"])
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(self.replication.status()).encode()]


def region_of_bucket(environ):
    name = environ["PATH_INFO"].lstrip("/").split("/", 1)[0]
    bucket = S3.buckets.get(name)
    return bucket.region_name if bucket else None


def has_its_checksum(body, environ):
    """moto stores the checksum that it is told. Bodies in aws-chunked pieces carry theirs at the end: not looked at."""
    if "aws-chunked" in environ.get("HTTP_CONTENT_ENCODING", ""):
        return True
    claims = ((CHECKSUMS[name](body), environ[name]) for name in CHECKSUMS if name in environ)
    return all(base64.b64encode(digest).decode() == claimed for digest, claimed in claims)


def refuse(start_response, status, code, message, headers=()):
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'.encode()
    )
    fixed = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
    start_response(status, [*fixed, *headers])
    return [body]


def main():
    order_dimensions()
    show_replication_rules()
    show_checksums_of_parts()
    add_simulation()
    add_quotas(float(os.environ["SANDBOX_ENVIRONMENTS_QUOTA"]))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    replication = Replication(S3)
    application = SandboxApplication(DomainDispatcherApplication(create_backend_app), replication)
    replication.lock = application.write_lock
    run_simple("127.0.0.1", int(sys.argv[1]), application, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main()
