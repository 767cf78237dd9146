"""Which values of a `forward` are one variable.

Where uses of a class differ in the step that gives a value, because some skip it, a reader takes one of
several values: these are one variable, which a branch may write over.  A value that is still wanted as it
was before the branch is copied first: `shortcut = x`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import itemgetter

from cnndsl.backends.torch.flow import LIGHT, TRAINING, Flow, Result, ValueKey
from cnndsl.backends.torch.slots import Different
from cnndsl.traced import negation, parse_test


class Variables:
    """The values of one `forward`, and its steps with the copies that they need. Raises Different where none helps."""

    def __init__(self, flows: Sequence[Flow], outputs: Sequence[Result]) -> None:
        self.flows, self.outputs = list(flows), list(outputs)
        self._join()
        for _ in flows:
            lost = self._lost()
            if lost is None:
                return
            self._keep(lost)
            self._join()
        if self._lost() is not None:
            raise Different

    def find(self, value: ValueKey) -> ValueKey:
        """The value that stands for all that are one variable with this one."""
        while value in self._parents:
            value = self._parents[value]
        return value

    def _join(self) -> None:
        self._parents: dict[ValueKey, ValueKey] = {}
        for keys in self._readings():
            first, *rest = sorted(keys, key=repr)
            for other in rest:
                a, b = self.find(first), self.find(other)
                if a != b:
                    self._parents[b] = a
        self.shared = {self.find(value) for value in self._parents} | set(self._parents)
        """Values that are one variable with others."""

    def _readings(self) -> Iterator[frozenset[ValueKey]]:
        for flow in self.flows:
            yield from flow.inputs
        for result in self.outputs:
            yield result.value

    def _lost(self) -> ValueKey | None:
        """A variable that is read for a value after a branch wrote another one over it."""
        written: dict[ValueKey, list[tuple[ValueKey, str]]] = {}
        for flow in self.flows:
            for keys in flow.inputs:
                root = self.find(next(iter(keys)))
                for output, when in written.get(root, ()):
                    if output not in keys and flow.when not in (when, opposite(when)):
                        return root
            if flow.when is not None:
                for output in flow.outputs:
                    if self.find(output) in self.shared:
                        written.setdefault(self.find(output), []).append((output, flow.when))
        for result in self.outputs:
            root = self.find(next(iter(result.value)))
            if any(output not in result.value for output, _ in written.get(root, ())):
                return root
        return None

    def _keep(self, root: ValueKey) -> None:
        """Have the branches write over a copy of what was there before them."""
        writers = [
            (at, k, flow)
            for at, flow in enumerate(self.flows)
            for k, output in enumerate(flow.outputs)
            if flow.when is not None and self.find(output) == root
        ]
        branches = {flow.outputs[k] for _, k, flow in writers}
        before = {value for keys in self._readings() for value in keys if self.find(value) == root} - branches
        at, k, writer = writers[0]
        given = {output for flow in self.flows[:at] for output in flow.outputs}
        if len(before) != 1 or any(value[0] != "input" and value not in given for value in before):
            raise Different
        copy: ValueKey = (("copy", root), 0)

        def kept(keys: frozenset[ValueKey]) -> frozenset[ValueKey]:
            return keys - before | {copy} if keys & before and keys & branches else keys

        self.flows = [replace(flow, inputs=tuple(map(kept, flow.inputs))) for flow in self.flows]
        self.outputs = [replace(result, value=kept(result.value)) for result in self.outputs]
        self.flows.insert(at, _copied(frozenset(before), copy, writer.names[k], writer.line))


def _copied(value: frozenset[ValueKey], copy: ValueKey, name: str | None, line: tuple[str, int]) -> Flow:
    return Flow(itemgetter(0), (value,), (copy,), None, None, True, False, None, (name,), LIGHT, line)


def opposite(test: str) -> str | None:
    """The test of the other branch, where there is one."""
    return None if test == TRAINING else str(negation(parse_test(test)))
