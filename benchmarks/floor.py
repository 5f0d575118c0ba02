"""The floor: pgbench runs the very statement that Nexus runs for an operation."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable

from benchmarks.database import Database
from benchmarks.operations import CUSTOMERS, Operation

_LITERAL = re.compile(r"'(?:[^']|'')*'")
_CLIENTS = 8
# Stands for a drawn number while the plan's parameters are computed.
_DRAWN = "987654321"


def statement(operation: Operation) -> tuple[str, list[str]]:
    """The SQL that Nexus prepares for the operation, and its values, ``_DRAWN`` among them.

    Needs Django set up.
    """
    from schema.execution import GraphQLRequest, plan_of
    from users.viewer import ANONYMOUS, Viewer

    variables = {operation.draws[0]: _DRAWN} if operation.draws else {}
    plan, bindings = plan_of(
        GraphQLRequest(operation.document() or "", variables=variables),
        viewer=Viewer(user_id=int(_DRAWN)) if operation.as_customer else ANONYMOUS,
    )
    return plan.sql, [str(value) for value in plan.parameters(bindings)]


def script(operation: Operation) -> tuple[str, list[str]]:
    """The operation as pgbench's script, and options that define its constant values."""
    sql, values = statement(operation)
    # pgbench takes a colon before a letter for a variable of its own, in literals too.
    sql = _LITERAL.sub(_without_colons, sql)
    constants = []
    for number, value in enumerate(values, 1):
        name = "drawn"
        if value != _DRAWN:
            name = f"constant_{number}"
            constants.append(f"--define={name}={value}")
        sql = re.sub(rf"\${number}(?!\d)", f":{name}", sql)
    low, high = (1, CUSTOMERS) if operation.as_customer else (operation.draws or ("", 1, 1))[1:]
    return f"\\set drawn random({low}, {high})\n{sql};\n", constants


def _without_colons(literal: re.Match[str]) -> str:
    text = literal[0]
    if ":" not in text:
        return text
    return "E" + text.replace("\\", "\\\\").replace(":", "\\x3a")


def measure(operation: Operation, own: Database, *, seconds: float) -> float:
    """Statements a second."""
    text, constants = script(operation)
    options = ["--protocol=prepared", *constants]
    return pgbench(text, own, clients=_CLIENTS, seconds=seconds, options=options)


def pgbench(
    script: str, own: Database, *, clients: int, seconds: float, options: Iterable[str] = ()
) -> float:
    """How many times a second so many clients get through a script of pgbench's."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        output = subprocess.run(
            [
                *(_pgbench(), "--no-vacuum", f"--file={file.name}", f"--client={clients}"),
                *("--jobs=1", f"--time={max(round(seconds), 1)}", *options),
            ],
            env={**os.environ, **own.environment},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    found = re.search(r"^tps = ([\d.]+)", output, re.MULTILINE)
    if found is None:
        raise ValueError(output)
    return float(found[1])


def _pgbench() -> str:
    """The program: PostgreSQL's own, the embedded one's, or Debian's behind its wrapper."""
    from nexus.embedded import _installed_programs

    if found := shutil.which("pgbench"):
        return found
    return str(_installed_programs() / "bin" / "pgbench")
