"""Elaboration: from the syntax tree to the checked program.

Names are looked up, arguments bound, conditions decided, loops run and sizes derived, all at once and
in the order of the text, because each may depend on the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from cnndsl.diagnostics import Diagnostic, has_errors, in_order
from cnndsl.files import Reader, nowhere
from cnndsl.ir.lower import lower
from cnndsl.ir.program import Program
from cnndsl.semantics.checks import check_definitions, check_unused
from cnndsl.semantics.context import Context, Stop
from cnndsl.semantics.hoisting import declared_before_use
from cnndsl.semantics.imports import Files
from cnndsl.semantics.networks import Networks
from cnndsl.semantics.usage import report_unused_names
from cnndsl.semantics.values import Limits
from cnndsl.source import Span
from cnndsl.syntax.tree import File

__all__ = ["Limits", "elaborate"]


def elaborate(
    file: File,
    settings: Mapping[str, Any],
    limits: Limits | None = None,
    read: Reader = nowhere,
    only: Collection[str] | None = None,
    *,
    traced: bool = True,
    seen: Callable[[Span, Any], None] | None = None,
) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    """Work out a text.

    `settings` are values for parameters of its networks, `read` gives the files that it imports. The
    program is None when there is an error. With `only`, these networks alone are worked out, and what no use of theirs
    reaches is not checked: for who needs their sizes at once. Where it is not `traced`, sizes are plain numbers,
    without the expressions over parameters that led to them: enough for what a network costs, in two thirds of the
    time, and nothing to make code of. `seen` is told each time what `it` and `input` stand for at their places.
    """
    with suppress(RecursionError):  # what is nested too deeply is told in its place
        file = declared_before_use(file)
    context = Context(limits or Limits(), traced=traced, seen=seen)
    networks: list[str] = []
    with suppress(Stop):
        files = Files(context, read)
        scope = files.enter(file)
        networks = Networks(context, file, scope, settings).all(only)
        if only is None:
            check_definitions(context, files.definitions)
            check_unused(context, files.definitions)
            report_unused_names(context, file)
            context.report_idle()
    diagnostics = in_order(context.diagnostics)
    if has_errors(diagnostics):
        return None, diagnostics
    program = Program(
        source=file.span.source.name,
        networks=tuple(networks),
        definitions=lower(files.parsed, context.part_names, tuple(context.cuts.values())),
        modules=context.modules,
        settings=dict(settings),
        constants=files.constants(),
    )
    return program, diagnostics
