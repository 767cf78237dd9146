"""What goes out of a body, and what is found to do nothing once that is known."""

from __future__ import annotations

from cnndsl.diagnostics import Diagnostic, Problem, Severity, error
from cnndsl.elaborate.evaluation import Evaluation
from cnndsl.elaborate.mistaken import result_of
from cnndsl.elaborate.values import IDENTITY, RECIPES, Choice, Part, Unknown, Value, describe
from cnndsl.program import Output
from cnndsl.source import Span
from cnndsl.syntax import tree
from cnndsl.traced import value_of


def declared_outputs(body: Evaluation, statement: tree.Output) -> tuple[Output, ...]:
    """What an `output` line declares. Raises Problem."""
    if body.builder.training:
        raise error(
            "E412",
            "an output line stands outside of when training { }",
            statement.span,
            help="put it behind the braces: output it, aux when training",
        )
    named = [item for item in statement.items if item.name is not None]
    if named and len(named) != len(statement.items):
        raise error("E410", "either all outputs have names, or none", statement.span, help="write output a = x, b = y")
    names = [item.name.text for item in named if item.name is not None]
    if len(set(names)) != len(names):
        raise error("E410", "two outputs have the same name", statement.span, help="give each its own")
    outputs = []
    for item in statement.items:
        if item.when is not None:
            check_training(item.when)
        value = body.known(item.value)
        if not isinstance(value, Value):
            raise error(
                "E410",
                f"an output is a value, and this is {describe(value_of(value))}",
                item.span,
                help=result_of(value)
                or f"apply the layer first: output it -> {value.name if isinstance(value, Part) else 'layer'}"
                if isinstance(value, RECIPES)
                else "several are written without brackets: output a, b"
                if isinstance(value, list)
                else "write output it",
            )
        only_training = item.when is not None
        body.builder.training, outer = only_training or body.builder.training, body.builder.training
        try:
            body.own(value, item.span)
        finally:
            body.builder.training = outer
        _check_batch(body, value, item.span)
        name = item.name.text if item.name else None
        outputs.append(Output(value=value.index, name=name, training=only_training))
    if all(output.training for output in outputs):
        raise error("E410", "nothing is given in evaluation", statement.span, help="name an output without when")
    return tuple(outputs)


def last_value(body: Evaluation) -> tuple[Output, ...] | None:
    """The value at the end of the body as its output."""
    if isinstance(body.current, Unknown):
        return None
    if body.current is None:
        body.context.report(
            error(
                "E401",
                f"nothing flows through {body.builder.name}",
                body.builder.span,
                help="declare what comes in: input(3, 32, 32)",
            ).diagnostic
        )
        return None
    values = body.current if isinstance(body.current, tuple) else (body.current,)
    for value in values:
        try:
            _check_batch(body, value, value.span)
        except Problem as problem:
            body.context.report(problem.diagnostic)
            return None
    return tuple(Output(value=value.index) for value in values)


def _check_batch(body: Evaluation, value: Value, span: Span) -> None:
    """Raise Problem for an output of a network that is the same for all samples."""
    if value.unbatched and body.builder.kind == "network":
        raise error(
            "E316",
            f"an output has a batch, and {value.maker} is a parameter, which has none",
            span,
            help="put it together with a value that comes from the input; what is learned is in state_dict() anyway",
        )


def check_training(mode: tree.Name) -> None:
    """Raise Problem unless `when` is followed by the one mode that there is."""
    if mode.text != "training":
        helps = "write when training"
        if mode.text.startswith(("eval", "infer", "test", "predict", "val")):
            helps = "what stands outside of when training { } is for both training and evaluation"
        raise error("E412", f"there is no mode called {mode.text}", mode.span, help=helps)


def report_unused(body: Evaluation) -> None:
    """Report the layers of a body that have a name and are never applied."""
    for name, value in body.scope.names.items():
        if not isinstance(value, Part) or value.owner is not body.builder:
            continue
        slot = body.builder.slots.get(name)
        if slot is None:
            continue
        absent = value.recipe == IDENTITY or (isinstance(value.recipe, Choice) and value.recipe.recipe is None)
        if slot.applied or absent:
            body.context.needed([slot.span])
        else:
            body.context.idle(
                Diagnostic(
                    "W201",
                    f"{name} is declared and never used",
                    slot.span,
                    help=("apply it with ->, or remove it; the generated module leaves it out",),
                    severity=Severity.WARNING,
                )
            )


def report_dropped(body: Evaluation, outputs: tuple[Output, ...]) -> None:
    """Report what a body works out and none of its outputs needs, and forget it; and the inputs that nothing reads."""
    for span, name in body.builder.drop_unused(outputs):
        what = f"{name} is worked out and never used" if name else "what comes out here is never used"
        body.context.idle(
            Diagnostic(
                "W202",
                what,
                span,
                help=("lead it to the output, or remove it; the generated module leaves it out",),
                severity=Severity.WARNING,
            )
        )
    if body.builder.kind == "network":
        for span, name in body.builder.unread_inputs(outputs):
            message = f"{name} comes in and is never used"
            helps = (f"begin a line with it, {name} -> ..., or remove it",)
            body.context.idle(Diagnostic("W202", message, span, help=helps, severity=Severity.WARNING))
