"""Holds the control plane against botocore's own model of MWAA, through the gateway.

usage: contract.py URL ENVIRONMENT   (AVAILABLE there; /dags answers, /missing is a 404, /broken a 500; the bucket
                                      contract-dags has a requirements.txt)

Prints one line for each check; exits with 1 when one has failed.
"""

import json
import sys
from datetime import datetime
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from model_slice import model_slice

URL, NAME = sys.argv[1:]
# Not validated here: what the model forbids must be refused by the control plane.
CONFIG = Config(inject_host_prefix=False, parameter_validation=False, retries={"total_max_attempts": 1})
CREDENTIALS = {"aws_access_key_id": "AKIARUNNER0000000001", "aws_secret_access_key": "x"}
CLIENT = boto3.client("mwaa", region_name="us-east-1", endpoint_url=URL, config=CONFIG, **CREDENTIALS)
MODEL = CLIENT.meta.service_model

INPUT = {
    "Name": "contract",
    "ExecutionRoleArn": "arn:aws:iam::111122223333:role/contract",
    "SourceBucketArn": "arn:aws:s3:::contract-dags",
    "DagS3Path": "dags",
    "NetworkConfiguration": {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
    "AirflowConfigurationOptions": {"core.parallelism": "8"},
    "LoggingConfiguration": {"TaskLogs": {"Enabled": True, "LogLevel": "INFO"}},
    "Tags": {"team": "data"},
    "AirflowVersion": "2.10.3",
    "MinWebservers": 2,
    "MaxWebservers": 3,
    "RequirementsS3Path": "requirements.txt",
    "KmsKey": "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
}
failures = []
raw_bodies = []


def record_raw_body(response_dict, **_):
    raw_bodies.append(json.loads(response_dict["body"]))


CLIENT.meta.events.register("response-received.mwaa", record_raw_body)


def check(what, problem):
    print(f"{'FAILED' if problem else 'ok'}: {what}{f': {problem}' if problem else ''}")
    if problem:
        failures.append(what)


def misfit(shape, value, path=""):
    """The first thing in a body that the model does not have, or has otherwise; None when all fits."""
    if shape.type_name == "structure":
        return misfit_in_structure(shape, value, path)
    if shape.type_name == "list":
        return next((m for m in (misfit(shape.member, item, f"{path}[]") for item in value) if m), None)
    if shape.type_name == "map":
        return next((m for m in (misfit(shape.value, item, f"{path}.{key}") for key, item in value.items()) if m), None)
    kinds = {"string": str, "integer": int, "boolean": bool, "timestamp": (int, float)}
    if shape.type_name in kinds and not isinstance(value, kinds[shape.type_name]):
        return f"{path} is a {type(value).__name__}, not a {shape.type_name}"
    if shape.type_name == "string" and shape.enum and value not in shape.enum:
        return f"{path} is {value}, which is not one of {shape.enum}"
    return None


def misfit_in_structure(shape, value, path):
    if shape.is_document_type:
        return None
    missing = [name for name in shape.required_members if name not in value]
    if missing:
        return f"{path} lacks {missing}"
    for name, item in value.items():
        if name not in shape.members:
            return f"{path}.{name} is not in the model"
        problem = misfit(shape.members[name], item, f"{path}.{name}")
        if problem:
            return problem
    return None


def succeeds(operation, **arguments):
    """Calls it; the raw body must fit the model and every member must arrive in what botocore parsed."""
    method = "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")
    parsed = getattr(CLIENT, method)(**arguments)
    check(operation, misfit(MODEL.operation_model(operation).output_shape, raw_bodies[-1], operation))
    return parsed


def fails(what, name, status, call):
    """The error must be one that the operation's model has, with its status and members."""
    try:
        call()
    except ClientError as error:
        found = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        problem = None if found == (name, status) else f"was {found}"
        if name in MODEL.shape_names:
            problem = problem or misfit(MODEL.shape_for(name), raw_bodies[-1], name)
            modelled = MODEL.shape_for(name).metadata["error"]["httpStatusCode"]
            problem = problem or (None if modelled == status else f"the model says {modelled}")
        check(what, problem)
        return error.response
    check(what, "no error")
    return {}


def invoke(path, **more):
    return lambda: CLIENT.invoke_rest_api(**{"Name": NAME, "Path": path, "Method": "GET", **more})


def main():
    created = succeeds("CreateEnvironment", **INPUT)
    check(
        "CreateEnvironment returns an ARN", None if created["Arn"].startswith("arn:aws:airflow:us-east-1:") else created
    )
    environment = succeeds("GetEnvironment", Name="contract")["Environment"]
    check("CreatedAt is a time", None if isinstance(environment["CreatedAt"], datetime) else environment["CreatedAt"])
    lost = [member for member in INPUT if member not in environment]
    check("GetEnvironment shows every member that CreateEnvironment was given", lost or None)
    check_tags(created["Arn"])
    succeeds("UpdateEnvironment", Name=NAME, MaxWorkers=3, WorkerReplacementStrategy="GRACEFUL")
    succeeds("GetEnvironment", Name=NAME)
    listed = succeeds("ListEnvironments", MaxResults=1)
    check("ListEnvironments gives a page and a token", None if listed.get("NextToken") else listed)
    answered = succeeds(
        "InvokeRestApi", Name=NAME, Path="/dags", Method="POST", QueryParameters={"limit": 1}, Body={"a": 1}
    )
    check("a document arrives whole", None if answered["RestApiResponse"]["echo"] == {"a": 1} else answered)
    check_slice()
    check_errors()
    check_deletion()
    sys.exit(1 if failures else 0)


def check_slice():
    checked_in = json.loads((Path(__file__).parent.parent / "control-plane/model.json").read_text())
    stale = None if checked_in == model_slice() else "model.json is not the slice of this botocore: see model_slice.py"
    check("what requests are checked against is botocore's model", stale)


def check_tags(arn):
    succeeds("TagResource", ResourceArn=arn, Tags={"owner": "ana", "cost centre/1": "x"})
    succeeds("UntagResource", ResourceArn=arn, tagKeys=["team", "cost centre/1"])
    tags = succeeds("ListTagsForResource", ResourceArn=arn)["Tags"]
    check("tags are what was added less what was taken away", None if tags == {"owner": "ana"} else tags)
    nobody = arn.replace("contract", "nobody")
    for operation in (CLIENT.list_tags_for_resource, CLIENT.untag_resource, CLIENT.tag_resource):
        arguments = {"tag_resource": {"Tags": {"a": "b"}}, "untag_resource": {"tagKeys": ["a"]}}
        more = arguments.get(operation.__name__, {})
        fails(
            f"{operation.__name__} of nobody",
            "ResourceNotFoundException",
            404,
            lambda operation=operation, more=more: operation(ResourceArn=nobody, **more),
        )


def check_deletion():
    succeeds("DeleteEnvironment", Name="contract")
    for operation in (CLIENT.get_environment, CLIENT.delete_environment, CLIENT.update_environment):
        fails(
            f"{operation.__name__} of one that is gone",
            "ResourceNotFoundException",
            404,
            lambda operation=operation: operation(Name="contract"),
        )


def check_errors():
    wrong = {**INPUT, "Name": "wrong", "MaxWorkers": 0, "WebserverAccessMode": "OPEN"}
    answer = fails("what the model forbids", "ValidationException", 400, lambda: CLIENT.create_environment(**wrong))
    told = answer.get("Error", {}).get("Message", "")
    check("all of it is told", None if told.startswith("2 validation errors detected: Value") else told)
    for name in ("GetEnvironment", "InvokeRestApi"):
        call = (
            invoke("/dags", Name="nobody") if name == "InvokeRestApi" else lambda: CLIENT.get_environment(Name="nobody")
        )
        fails(f"{name} of nobody", "ResourceNotFoundException", 404, call)
    fails(
        "CreateEnvironment of one that exists", "ValidationException", 400, lambda: CLIENT.create_environment(**INPUT)
    )
    client_error = fails("Airflow's 404", "RestApiClientException", 400, invoke("/missing"))
    check("its status is told", None if client_error.get("RestApiStatusCode") == 404 else client_error)
    server_error = fails("Airflow's 500", "RestApiServerException", 400, invoke("/broken"))
    check("its body is told", None if server_error.get("RestApiResponse") == {"title": "broken"} else server_error)
    calls = [invoke("/dags") for _ in range(12)]
    fails("more than ten calls a second", "ThrottlingException", 429, lambda: [call() for call in calls])


if __name__ == "__main__":
    main()
