"""The floor of a purchase: pgbench runs the very statements that Nexus sends for one.

They are kept while one client buys, in their order and with their values, transactions included;
then what differs from purchase to purchase becomes a variable: the goods, tokens and idempotency
keys are drawn, the keys of rows are those that the statements before have made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmarks.contenders import NEXUS
from benchmarks.database import Database
from benchmarks.purchases.goods import RANGES, SEQUENCES, SKU_OFFSET
from benchmarks.purchases.load import load
from benchmarks.statements import counted

# Prepared statements and first compilations are behind by then.
WARM_UP_SECONDS = 1.0
_PREPARE = re.compile(r"PREPARE (\w+) AS (.*?);?\s*", re.DOTALL)
_EXECUTE = re.compile(r"EXECUTE (\w+)")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_TOKEN = re.compile(r"'[A-Za-z0-9_-]{32}'")
_FIRST_OF_ORDER_NUMBERS = 100_000


class NotUnderstood(Exception):
    """A purchase's statements are not as this module expects them."""


def captured(shop: Database) -> tuple[list[str], dict[str, str]]:
    """The statements of one purchase, and those of them that are prepared, by name."""
    with (
        counted(shop, keeps=True) as (way, counter),
        NEXUS.running(way, WRITE_POOL_SIZE="1", READ_POOL_SIZE="1") as running,
    ):
        load(running.url, clients=1, seconds=WARM_UP_SECONDS)
        prepared = dict(
            found.groups() for text in counter.texts if (found := _PREPARE.fullmatch(text))
        )
        while True:
            counter.texts.clear()
            load(running.url, clients=1, seconds=0.001)
            statements = list(counter.texts)
            # Now and then a connection is checked in between.
            if "SELECT 1" not in statements:
                return statements, prepared


def script(statements: Sequence[str], prepared: dict[str, str]) -> str:
    """One purchase as pgbench's script, which prepares what is prepared when it runs first.

    Raises:
        NotUnderstood: a row's key is used that no statement before it returned.
    """
    goods = _goods(statements)
    lines = [
        "\\if :is_new",
        *(f"PREPARE {name} AS {sql};" for name, sql in _used(statements, prepared).items()),
        "\\set is_new 0",
        "\\endif",
        "\\set drawn random(100000000000, 999999999999)",
        *(
            f"\\set variant_{number} random({low}, {high})"
            for number, (low, high) in enumerate(RANGES)
        ),
        *(f"\\set sku_{number} :variant_{number} + {SKU_OFFSET}" for number in range(len(RANGES))),
    ]
    tokens: dict[str, str] = {}
    made: dict[str, str] = {}
    for statement in statements:
        text = statement.rstrip().removesuffix(";")
        for number, variant in enumerate(goods):
            text = re.sub(rf"\b{variant}\b", f":variant_{number}", text)
            text = re.sub(rf"\b{variant + SKU_OFFSET}\b", f":sku_{number}", text)
        text = _UUID.sub("00000000-0000-4000-8000-:drawn", text)
        for token in _TOKEN.findall(text):
            name = tokens.setdefault(token, f"'token-{len(tokens)}-replayed-:drawn'")
            text = text.replace(token, name)
        lines.append(_with_keys(text, made))
    return "\n".join(lines) + "\n"


def _with_keys(text: str, made: dict[str, str]) -> str:
    """The statement with the keys of rows as variables; one that makes a row sets one.

    Args:
        made: the variable of each table whose row was made, by the table's name; is added to.
    """
    for table, first in SEQUENCES.items():
        number = str(first + _FIRST_OF_ORDER_NUMBERS)[:5]
        key = str(first)[:5]
        if re.search(rf"\b(?:N-{number}|{key})\d{{5}}\b", text) and table not in made:
            raise NotUnderstood(f"{table} has no key yet: {text}")
        text = re.sub(rf"\bN-{number}\d{{5}}\b", f"N-:{made.get(table)}", text)
        # After a colon it would be a cast: the text is cut in two.
        text = re.sub(rf"(?<=:){key}\d{{5}}\b", f"' || ':{made.get(table)}", text)
        text = re.sub(rf"\b{key}\d{{5}}\b", f":{made.get(table)}", text)
    for table in SEQUENCES.keys() - made.keys():
        returned = rf'INSERT INTO "?{table}"? .* RETURNING |^SELECT "{table}"\."id"'
        if re.search(returned, text, re.DOTALL):
            made[table] = f"{table}_id"
        elif f"nextval(pg_get_serial_sequence('{table}'" in text:
            made[table] = f"{table}_nextval"
        else:
            continue
        return f"{text} \\gset {table}_"
    return f"{text};"


def _goods(statements: Sequence[str]) -> list[int]:
    """The variants that were bought, found by the SKUs that were asked for."""
    found = []
    for low, high in RANGES:
        skus = {
            int(digits) - SKU_OFFSET
            for statement in statements
            for digits in re.findall(r"'(9\d{6})'", statement)
            if low <= int(digits) - SKU_OFFSET <= high
        }
        if len(skus) != 1:
            raise NotUnderstood(f"Of {low} to {high} these were bought: {skus}")
        found += skus
    return found


def _used(statements: Sequence[str], prepared: dict[str, str]) -> dict[str, str]:
    names = {found[1] for text in statements if (found := _EXECUTE.match(text))}
    return {name: prepared[name] for name in sorted(names)}
