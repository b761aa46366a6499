"""Checksums as S3 keeps and shows them.

S3 keeps one that comes as a value; moto only where the request names its algorithm as well. HeadObject shows that the
checksum of an upload in parts is one of the parts' checksums: moto hides it there, and shows it in GetObject.
"""

from moto.s3.responses import S3Response

PREFIX = "HTTP_X_AMZ_CHECKSUM_"
VALUES = tuple(PREFIX + algorithm for algorithm in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"))


def name_algorithm(environ):
    given = next((name for name in VALUES if name in environ), None)
    if given:
        environ["HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"] = given.removeprefix(PREFIX)


def show_checksums_of_parts():
    head_object = S3Response.head_object

    def with_type(response, bucket_name, query, key_name, headers):
        status, shown, body = head_object(response, bucket_name, query, key_name, headers)
        version = query.get("versionId", [None])[0]
        key = response.backend.head_object(bucket_name, key_name, version) if status == 200 else None
        if key and key.checksum_type == "COMPOSITE":
            name = f"x-amz-checksum-{key.checksum_algorithm.lower()}"
            if name in shown:
                shown |= {name: f"{key.checksum_value}-{key.checksum_parts}", "x-amz-checksum-type": "COMPOSITE"}
        return status, shown, body

    S3Response.head_object = with_type
