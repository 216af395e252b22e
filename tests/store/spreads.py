"""Where a row of a query is spread into a type, found in the source of the store."""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel


@dataclass(frozen=True)
class Query:
    """A query by the module that runs it."""

    module: str
    name: str
    taken_out: frozenset[str]
    """Columns that are taken out of a row before it is spread."""

    @property
    def sql(self) -> str:
        """The statement, with numbers for its parameters."""
        sql: str = getattr(importlib.import_module(self.module)._sql, self.name).sql
        return sql


@dataclass(frozen=True)
class Spread:
    """`Kind(**row, name=…)`, and one query that the row may be of."""

    place: str
    kind: Any
    given: frozenset[str]
    """Fields that are given by name."""
    by_place: int
    """How many fields are given by their place."""
    query: Query

    def misfit(self, columns: set[str]) -> str | None:
        """What a row of these columns lacks, or has too much; None: it fits."""
        names, required = _fields_of(self.kind)
        unknown = columns - self.query.taken_out - set(names)
        missing = required - columns - self.given - set(names[: self.by_place])
        return f"{self.place}: {self.query.name}: {unknown=} {missing=}" if unknown or missing else None


def spreads() -> list[Spread]:
    """All of them; raises LookupError for a row whose query is not found."""
    return list(_Source().spreads())


@dataclass(frozen=True)
class _Function:
    module: str
    body: ast.FunctionDef | ast.AsyncFunctionDef

    @property
    def parameters(self) -> list[str]:
        return [arg.arg for arg in self.body.args.args]

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.body) if isinstance(node, ast.Call))

    def sources_of(self, name: str) -> Iterator[ast.expr]:
        """What is assigned to a name, or iterated over by it."""
        for node in ast.walk(self.body):
            match node:
                case ast.Assign(targets=bound, value=source):
                    pass
                case ast.AnnAssign(target=target, value=ast.expr() as source):
                    bound = [target]
                case ast.comprehension(target=target, iter=source) | ast.AsyncFor(target=target, iter=source):
                    bound = [target]
                case _:
                    continue
            if name in {part.id for target in bound for part in ast.walk(target) if isinstance(part, ast.Name)}:
                yield source

    def taken_out(self) -> frozenset[str]:
        """Names that are popped or deleted."""
        parts: list[ast.expr] = []
        for node in ast.walk(self.body):
            match node:
                case ast.Call(func=ast.Attribute(attr="pop"), args=args):
                    parts += args
                case ast.Delete(targets=targets):
                    parts += [target.slice for target in targets if isinstance(target, ast.Subscript)]
        return frozenset(str(part.value) for part in parts if isinstance(part, ast.Constant))


class _Source:
    """The functions of the store."""

    def __init__(self) -> None:
        self._functions = [
            _Function(".".join(path.with_suffix("").parts), node)
            for path in sorted(Path("store").rglob("*.py"))
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]

    def spreads(self) -> Iterator[Spread]:
        for function in self._functions:
            for call in function.calls():
                row, given = _row_of(call)
                if row is None:
                    continue
                place = f"{function.module}:{call.lineno}"
                for kind, queries in self._kinds(function, call, row):
                    if not queries:
                        raise LookupError(f"{place}: which query is {row} of?")
                    yield from (Spread(place, kind, given, len(call.args), query) for query in queries)

    def _kinds(self, function: _Function, call: ast.Call, row: str) -> Iterator[tuple[type, set[Query]]]:
        """Each type that is called there, with the queries whose rows it gets; none where it is no type."""
        name = ast.unparse(call.func).removesuffix(".model_construct")
        if name in function.parameters:
            # The caller gives the type, and the row with it.
            for caller, calling in self._callers(function):
                given = ast.unparse(calling.args[function.parameters.index(name)])
                yield _type_named(caller.module, given), self._queries_in(caller, calling)
        elif (kind := _type_named(function.module, name)) is not None:
            yield kind, self._queries_of(function, row)

    def _queries_of(self, function: _Function, name: str, seen: frozenset[object] = frozenset()) -> set[Query]:
        """The queries whose rows a name of a function stands for."""
        if (function, name) in seen:
            return set()
        seen |= {(function, name)}
        found = {query for source in function.sources_of(name) for query in self._queries_in(function, source, seen)}
        if name in function.parameters:
            place = function.parameters.index(name)
            for caller, calling in self._callers(function):
                found |= self._queries_in(caller, calling.args[place], seen)
        return {replace(query, taken_out=query.taken_out | function.taken_out()) for query in found}

    def _queries_in(self, function: _Function, source: ast.expr, seen: frozenset[object] = frozenset()) -> set[Query]:
        """Those that an expression runs, or whose rows its names stand for."""
        run = {
            Query(function.module, node.attr, function.taken_out())
            for node in ast.walk(source)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "_sql"
        }
        names = {node.id for node in ast.walk(source) if isinstance(node, ast.Name)}
        return run or {query for name in names for query in self._queries_of(function, name, seen)}

    def _callers(self, function: _Function) -> Iterator[tuple[_Function, ast.Call]]:
        name = function.body.name
        for caller in self._functions:
            for call in caller.calls():
                is_reachable = caller.module == function.module or not name.startswith("_")
                is_called = ast.unparse(call.func).rpartition(".")[2] == name
                if is_reachable and is_called and len(call.args) == len(function.parameters):
                    yield caller, call


def _row_of(call: ast.Call) -> tuple[str | None, frozenset[str]]:
    """The name of what is spread, and the fields that are given beside it: by name, or in one dict with it."""
    spread: list[str] = []
    given = {keyword.arg for keyword in call.keywords if keyword.arg}
    for keyword in call.keywords:
        match keyword:
            case ast.keyword(arg=None, value=ast.Name(id=name)):
                spread.append(name)
            case ast.keyword(arg=None, value=ast.Dict(keys=keys, values=values)):
                parts = zip(keys, values, strict=True)
                spread += [part.id for key, part in parts if key is None and isinstance(part, ast.Name)]
                given |= {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return (spread[0] if spread else None), frozenset(given)


def _type_named(module: str, name: str) -> Any:
    found = getattr(importlib.import_module(module), name, None)
    return found if isinstance(found, type) else None


def _fields_of(kind: Any) -> tuple[list[str], set[str]]:
    """The fields of a type in their order, and those of them that it must be given."""
    if issubclass(kind, BaseModel):
        return list(kind.model_fields), {name for name, field in kind.model_fields.items() if field.is_required()}
    if is_dataclass(kind):
        own = fields(kind)
        required = {f.name for f in own if f.default is MISSING and f.default_factory is MISSING}
        return [f.name for f in own], required
    return list(kind._fields), set(kind._fields) - set(kind._field_defaults)
