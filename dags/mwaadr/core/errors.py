"""Errors with the codes of the action's catalogue (action/src/domain/errors.ts)."""

FAILED = {
    "snapshot": "MDR-SNAPSHOT-FAILED",
    "restore": "MDR-RESTORE-FAILED",
    "activate": "MDR-ACTIVATE-FAILED",
    "uninstall": "MDR-UNINSTALL-FAILED",
}
"""Kind of a data path → the code of a failure that has no code of its own."""


class MdrError(Exception):
    """Something failed; ``code`` is one of the MDR-… codes, the message what happened and what to do, no secrets."""

    outcome = "failed"

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Refused(MdrError):  # noqa: N818 - an outcome's name in docs/formats.md
    """A guard said no before anything was touched."""

    outcome = "refused"


def describe(error: BaseException) -> str:
    """Text of an error that is fit for a result object.

    PostgreSQL's DETAIL and CONTEXT quote row values, which may be secrets: only the primary message is taken.
    """
    diag = getattr(error, "diag", None)
    if diag is not None and diag.message_primary:
        place = f" (table {diag.table_name})" if diag.table_name else ""
        return f"{type(error).__name__}: {diag.message_primary}{place}"
    if type(error).__module__.startswith("psycopg2"):
        return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
    return f"{type(error).__name__}: {error}"
