"""The body of `forward`: which values get a variable, what it is called, and what stands on one line.

A line holds one convolution, dense layer or block, with what goes along with it, and changes the size
once, so that the size can stand beside it.  The main path is called `x`; a value that must outlive it
keeps the name that it has in the text.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from itertools import count as counting

from cnndsl.backends.torch.attributes import Attributes
from cnndsl.backends.torch.code import WIDTH, broken, literal
from cnndsl.backends.torch.flow import CALL, HEAVY, LIGHT, TRAINING, Flow, Result, ValueKey, access
from cnndsl.backends.torch.merge import Merged, loop_access, loop_turns
from cnndsl.backends.torch.trees import TURN
from cnndsl.backends.torch.variables import Variables, opposite
from cnndsl.layers.sizes import show
from cnndsl.names import is_attribute, numbered

_INDENT = " " * 8
_MAX_NESTING = 4
_UNUSED = "_"
"""The variable of what nothing reads."""
_RESERVED = frozenset({"self", "torch", "nn", "F", "Tensor", "i", _UNUSED})


@dataclass(slots=True)
class _Pending:
    """An expression that is not assigned yet: the value that it gives, and how it is written."""

    value: ValueKey
    text: str
    binds: int
    depth: int
    changes: bool
    weight: int
    is_tensor: bool
    """Whether a type checker knows that it is one."""
    flow: Flow


class Forward:
    """Writes the lines of one `forward`."""

    def __init__(
        self,
        flows: Sequence[Flow],
        outputs: Sequence[Result],
        inputs: Sequence[str],
        parts: Sequence[Merged],
        attributes: Attributes,
    ) -> None:
        variables = Variables(flows, outputs)
        self._flows, self._outputs = variables.flows, variables.outputs
        self._one, self._shared = variables.find, variables.shared
        self._optional = {part.name: part for part in parts if part.when is not None}
        self.lines: list[str] = []
        self.attributes = attributes
        self._indent = _INDENT
        self._uses = self._last_uses()
        self._weights = {
            self._one(output): flow.weight for flow in self._flows for output in flow.outputs if flow.child
        }
        self._given_as = {self._one(next(iter(result.value))): result.name for result in self._outputs}
        self.inputs: list[str] = []
        for name in inputs:
            word = "x" if name == "input" or len(inputs) == 1 else _variable(name)
            while word in self.inputs:  # a value that the text itself calls x
                word += "_"
            self.inputs.append(word)
        self._holds: dict[str, ValueKey] = {}
        self._variables: dict[ValueKey, str] = {}
        for k, name in enumerate(self.inputs):
            self._assign(self._one(("input", k)), name)
        self._typed = set(self.inputs)
        self._write()

    def _last_uses(self) -> dict[ValueKey, list[int]]:
        uses: dict[ValueKey, list[int]] = {}
        for at, flow in enumerate(self._flows):
            for keys in flow.inputs:
                uses.setdefault(self._one(next(iter(keys))), []).append(at)
        for result in self._outputs:
            uses.setdefault(self._one(next(iter(result.value))), []).append(len(self._flows))
        return uses

    # Lines

    def _write(self) -> None:
        pending: _Pending | None = None
        branch: str | None = None
        for at, flow in enumerate(self._flows):
            if not flow.inputs and self._one(flow.outputs[0]) not in self._shared:
                self._variables[self._one(flow.outputs[0])] = flow.render(())[0]
                continue  # a learned tensor is written where it is used
            if pending is not None and not self._nests(pending, flow, at):
                self._finish(pending, at)
                pending = None
            if flow.when != branch:
                self._enter(flow.when, branch, at)
                branch = flow.when
            pending = self._next(pending, flow, at)
        if pending is not None and self._is_result(pending):
            self._line(f"{_INDENT}return {pending.text}", pending)
            return
        if pending is not None:
            self._finish(pending, len(self._flows))
        if branch == TRAINING:  # it ends with what is given in training
            self._give(self._outputs, self._indent)
            self._give([result for result in self._outputs if not result.training], _INDENT)
            return
        self._indent = _INDENT
        self._return()

    def _nests(self, pending: _Pending, flow: Flow, at: int) -> bool:
        """Whether the pending expression can stand inside the next one."""
        value = self._one(pending.value)
        places = [self._one(next(iter(keys))) for keys in flow.inputs]
        return (
            flow.when == pending.flow.when
            and flow.loop is None
            and value not in self._shared
            and self._uses.get(value) == [at]
            and places.count(value) == 1
            and value in places[: flow.reads]
            and not (pending.changes and flow.changes)
            and not (pending.weight and flow.weight == HEAVY)
            and not (pending.weight == HEAVY and flow.line != pending.flow.line)
            and pending.depth < _MAX_NESTING
            and pending.flow.names[0] is None
            and len(pending.text) < WIDTH - 34
        )

    def _is_result(self, pending: _Pending) -> bool:
        """Whether the pending expression can be returned as it stands: a type checker must know it for a tensor."""
        value = self._one(pending.value)
        return (
            pending.is_tensor
            and pending.flow.when is None
            and value not in self._variables
            and [(self._one(next(iter(result.value))), result.name) for result in self._outputs] == [(value, None)]
        )

    def _next(self, pending: _Pending | None, flow: Flow, at: int) -> _Pending | None:
        if flow.loop is not None:
            self._loop(flow, at)
            return None
        operands = []
        are_tensors = True
        for keys in flow.inputs:
            value = self._one(next(iter(keys)))
            if pending is not None and value == self._one(pending.value):
                operands.append((pending.text, pending.binds))
                are_tensors = are_tensors and pending.is_tensor
            else:
                operands.append((self._variables[value], CALL))
        text, binds = flow.render(operands)
        if len(flow.outputs) != 1:
            # What goes in is read before anything is assigned, and may be written over.
            names = [
                self._name(output, flow, k, at + 1) if self._one(output) in self._uses else _UNUSED
                for k, output in enumerate(flow.outputs)
            ]
            if not flow.is_tensor:
                new = [name for name in names if name not in self._typed and name != _UNUSED]
                self.lines += [f"{self._indent}{name}: Tensor" for name in new]
            self._typed.update(names)
            self.lines.append(f"{self._indent}{', '.join(names)} = {text}")
            return None
        depth = pending.depth + 1 if pending else 1
        changes = flow.changes or (pending is not None and pending.changes)
        weight = max(flow.weight, pending.weight) if pending else flow.weight
        # An operator, or an index, gives what a module gave: something of no known type.
        is_tensor = flow.is_tensor and (are_tensors or (binds == CALL and text.startswith(("torch.", "F."))))
        return _Pending(flow.outputs[0], text, binds, depth, changes, weight, is_tensor, flow)

    def _loop(self, flow: Flow, at: int) -> None:
        part = flow.loop
        assert part is not None  # noqa: S101 - asked by the caller
        value = self._one(next(iter(flow.inputs[0])))
        before = self._variables[value]
        name = self._name(flow.outputs[0], flow, 0, at + 1)  # the loop may overwrite what it starts from
        if name != before:
            # What a module gives is of no known type, and the name would take that over.
            annotation = "" if name in self._typed else ": Tensor"
            self.lines.append(f"{self._indent}{name}{annotation} = {before}")
        self._typed.add(name)
        count = part.count or "0"
        if not count.isdigit():
            count = self.attributes.holding(count, "turns")
        self.lines.append(f"{self._indent}for {TURN.name} in {loop_turns(part, count)}:")
        self.lines.append(f"{self._indent}    {name} = {loop_access(part)}({name})")

    def _finish(self, pending: _Pending, at: int) -> None:
        name = self._name(pending.value, pending.flow, 0, at)
        annotation = "" if name in self._typed or pending.is_tensor else ": Tensor"
        self._typed.add(name)
        self._line(f"{self._indent}{name}{annotation} = {pending.text}", pending)

    def _line(self, line: str, pending: _Pending) -> None:
        """Write a line with the size of its result beside it, or above it where it is long."""
        shape = pending.flow.shape if pending.changes or pending.weight == HEAVY else None
        comment = f"# {show(shape)}" if shape is not None else ""
        if comment and len(line) + 2 + len(comment) > WIDTH:
            self.lines.append(f"{self._indent}{comment}")
            comment = ""
        if len(line) > WIDTH:
            self.lines.extend(broken(line))
            return
        self.lines.append(f"{line}  {comment}" if comment else line)

    def _return(self) -> None:
        always = [result for result in self._outputs if not result.training]
        if len(always) < len(self._outputs):
            self.lines.append(f"{_INDENT}if self.training:")
            self._give(self._outputs, _INDENT + "    ")
        self._give(always, _INDENT)

    def _give(self, results: Sequence[Result], indent: str) -> None:
        names = [self._variables[self._one(next(iter(result.value)))] for result in results]
        if results[0].name is None:
            self.lines.append(f"{indent}return {', '.join(names)}")
            return
        pairs = [f'"{result.name}": {name}' for result, name in zip(results, names, strict=True)]
        line = f"{indent}return {{{', '.join(pairs)}}}"
        if len(line) <= WIDTH:
            self.lines.append(line)
        else:
            self.lines += [f"{indent}return {{", *(f"{indent}    {pair}," for pair in pairs), f"{indent}}}"]

    # Branches

    def _enter(self, when: str | None, before: str | None, at: int) -> None:
        self._indent = _INDENT
        if when is None:
            return
        group = []
        for flow in self._flows[at:]:
            if flow.when != when:
                break
            group.append(flow)
        children = dict.fromkeys(flow.child for flow in group if flow.child in self._optional)
        tests = [f"{_present(child)} is not None" for child in children if child]
        if before is not None and opposite(before) == when:
            # A type checker does not know that the part is there where the other one is not.
            self.lines.append(f"{_INDENT}elif {' and '.join(tests)}:" if tests else f"{_INDENT}else:")
            self._indent = _INDENT + "    "
            return
        if when == TRAINING:
            tests = ["self.training"]
        elif not any(str(self._optional[child].when) == when for child in children if child):
            wanted = "residual" if any(flow.residual for flow in group) else "active"
            tests.insert(0, self.attributes.holding(when, wanted))
        self.lines.append(f"{_INDENT}if {' and '.join(tests)}:")
        self._indent = _INDENT + "    "

    # Names

    def _name(self, value: ValueKey, flow: Flow, k: int, at: int) -> str:
        """A variable for a value that is assigned before step `at`."""
        value = self._one(value)
        if value in self._variables:
            return self._assign(value, self._variables[value])
        candidates = [_variable(name) for name in (flow.names[k], self._given_as.get(value)) if name]
        stem = candidates[0] if candidates else "out"
        if not candidates:
            candidates += [_variable(flow.child)] if flow.child and self._is_branch(value, flow) else []
            operand = self._variables.get(self._one(next(iter(flow.inputs[0])))) if flow.inputs else None
            candidates += [operand] if operand in ("x", "out") else []
            candidates += ["x"] if "x" in self.inputs or len(self.inputs) == 1 else []
            candidates += ["out"]
            candidates += [_variable(flow.child)] if flow.child and self._outlives(value, flow, at) else []
        names = (name for name in chain(candidates, _counted(stem)) if self._is_free(name, at, value))
        return self._assign(value, next(names))

    def _is_branch(self, value: ValueKey, flow: Flow) -> bool:
        """Whether a value is what a part gives as one of several branches: it is called by the part's name."""
        uses = self._uses.get(value, [])
        joins = [self._flows[use] for use in uses if use < len(self._flows)]
        if flow.weight == LIGHT or len(uses) != 1 or len(joins) != 1:
            return False
        values = [self._one(next(iter(keys))) for keys in joins[0].inputs]
        weights = [self._weights.get(value, LIGHT) for value in values]
        if HEAVY not in weights:
            return False
        return len(values) > 2 or (joins[0].joins and LIGHT not in weights)

    def _outlives(self, value: ValueKey, flow: Flow, at: int) -> bool:
        """Whether a value of some weight is wanted by more than the next step: a number is no name for it."""
        return flow.weight == HEAVY and value not in self._shared and self._uses.get(value) != [at]

    def _is_free(self, name: str, at: int, value: ValueKey) -> bool:
        """Whether a variable can take a value that is assigned before step `at`."""
        holder = self._holds.get(name)
        if holder is None or all(use < at for use in self._uses.get(holder, ())):
            return True
        return holder in self._shared and self._is_rewritten(holder, at, value)

    def _is_rewritten(self, holder: ValueKey, at: int, value: ValueKey) -> bool:
        """Whether the branch writes to a variable again before anything reads it, and is done with this value then."""
        when = self._flows[at - 1].when
        for step, flow in enumerate(self._flows[at:], at):
            if when is None or flow.when != when or step in self._uses.get(holder, ()):
                return False
            if any(self._one(output) == holder for output in flow.outputs):
                return all(use <= step for use in self._uses.get(value, ()))
        return False

    def _assign(self, value: ValueKey, name: str) -> str:
        self._variables[value] = name
        self._holds[name] = value
        return name


def _counted(name: str) -> Iterator[str]:
    """The name with 2 after it, with 3, and so on."""
    return (numbered(name, number) for number in counting(2))


def _present(name: str) -> str:
    """Python for a part that may be missing, to compare with None."""
    return access(name) if is_attribute(name) else f"getattr(self, {literal(name)}, None)"


def _variable(name: str) -> str:
    """A name of the text as a Python variable."""
    if not name.isidentifier():  # a label such as "1x1" or "block-2"
        name = re.sub(r"\W", "_", name)
        name = name if name.isidentifier() else f"x_{name}"
    taken = keyword.iskeyword(name) or name in _RESERVED or hasattr(builtins, name)
    return f"{name}_" if taken else name
