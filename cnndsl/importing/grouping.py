"""Lists of layers inside lists of layers: what a module does with one of them, as a call of that list.

The language has no lists in lists. So `y = a(x[0]) + b(x[1])`, with `a` and `b` in the list `fuse[1]`, is recorded as
if that were a module that is given `x[0]` and `x[1]`.
"""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from cnndsl.importing.recording import Recorder, Trace, Value, values_of


def group(recorder: Recorder) -> None:
    """Put a call of the inner list in the place of calls of its layers, wherever that is possible."""
    for module, traces in list(recorder.traces.items()):
        inner = {
            layer: row
            for held in module.children()
            if type(held) is nn.ModuleList
            for row in held
            if type(row) is nn.ModuleList
            for layer in row
        }
        for trace in traces if inner else ():
            for row in dict.fromkeys(inner.values()):
                _group(recorder, trace, row)


def _group(recorder: Recorder, trace: Trace, row: nn.ModuleList) -> None:
    layers = set(row)
    places = [at for at, event in enumerate(trace.events) if event.module in layers]
    if not places:
        return
    given: dict[int, Value] = {}
    made: dict[int, Value] = {}
    end = places[0]
    for event in trace.events[end:]:
        taken = {value.number: value for value in values_of((event.arguments, event.keywords))}
        if event.module not in layers and event.module is not None:
            break
        if end > places[-1] and (taken.keys().isdisjoint(made) or taken.keys() - made.keys() - given.keys()):
            break  # it is no sum of what the layers give
        given |= {number: value for number, value in taken.items() if number not in made}
        made |= {value.number: value for value in values_of(event.result) if value.number not in given}
        end += 1
    later = [(event.arguments, event.keywords) for event in trace.events[end:]]
    used = {value.number for value in values_of([*later, trace.result])}
    results = [value for number, value in made.items() if number in used]
    if len(results) != 1 or end <= places[-1]:
        return
    events = trace.events[places[0] : end]
    arguments = (list(given.values()),)
    own = Trace(row, arguments, {}, events, results[0], trace.names)
    recorder.traces.setdefault(row, []).append(own)
    call = replace(events[0], module=row, function="", arguments=arguments, keywords={}, result=results[0])
    trace.events[places[0] : end] = [call]
