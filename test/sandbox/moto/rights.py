"""iam:SimulatePrincipalPolicy, which moto does not have: a role's own policies, inline and attached.

Not looked at: permissions boundaries, policies of the organisation and of the resources, and conditions other than
those of OPERATORS, which count as not met.
"""

import json
import re

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse


def add_simulation():
    IamResponse.simulate_principal_policy = simulate_principal_policy


def simulate_principal_policy(response):
    role = response.backend.get_role_by_arn(response._get_param("PolicySourceArn"))
    statements = [statement for document in documents_of(role) for statement in listed(document["Statement"])]
    context = {entry["ContextKeyName"].lower(): listed(entry["ContextKeyValues"]) for entry in entries_of(response)}
    results = [
        evaluation(statements, action, resource, context)
        for action in response._get_param("ActionNames")
        for resource in response._get_param("ResourceArns") or ["*"]
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def entries_of(response):
    return response._get_param("ContextEntries") or []


def documents_of(role):
    attached = [version for policy in role.managed_policies.values() for version in policy.versions]
    documents = [*role.policies.values(), *(version.document for version in attached if version.is_default)]
    return [json.loads(document) for document in documents]


def evaluation(statements, action, resource, context):
    """A denial outranks every permission; without either it is denied implicitly."""
    missing = set()
    met = [s["Effect"] for s in statements if concerns(s, action, resource) and holds(s, context, missing)]
    decision = "explicitDeny" if "Deny" in met else "allowed" if "Allow" in met else "implicitDeny"
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": decision,
        "MatchedStatements": [],
        "MissingContextValues": sorted(missing),
    }


def concerns(statement, action, resource):
    return covers(statement, "Action", action.lower(), str.lower) and covers(statement, "Resource", resource, str)


def covers(statement, element, value, spelling):
    if element in statement:
        return any(is_like(spelling(pattern), value) for pattern in listed(statement[element]))
    return not any(is_like(spelling(pattern), value) for pattern in listed(statement.get(f"Not{element}", "*")))


OPERATORS = {
    "stringequals": lambda value, pattern: value == pattern,
    "stringlike": lambda value, pattern: is_like(pattern, value),
    "arnequals": lambda value, pattern: is_like(pattern, value),
    "arnlike": lambda value, pattern: is_like(pattern, value),
    "bool": lambda value, pattern: value.lower() == str(pattern).lower(),
}


def holds(statement, context, missing):
    verdicts = [
        condition_holds(operator.lower(), context.get(key.lower()), listed(patterns), key, missing)
        for operator, conditions in statement.get("Condition", {}).items()
        for key, patterns in conditions.items()
    ]
    return all(verdicts)


def condition_holds(operator, values, patterns, key, missing):
    if values is None:
        missing.add(key)
        return False
    compare = OPERATORS.get(operator.removeprefix("foranyvalue:"))
    return compare is not None and any(compare(value, pattern) for value in values for pattern in patterns)


def is_like(pattern, value):
    parts = ({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in re.split(r"([*?])", pattern))
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def listed(value):
    return value if isinstance(value, list) else [value]
