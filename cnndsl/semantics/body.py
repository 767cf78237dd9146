"""A body with the functions for its parts, which ask it for one another."""

from __future__ import annotations

from cnndsl.semantics import application, expressions, statements
from cnndsl.semantics.evaluation import Evaluation


class Body(Evaluation):
    """A body that is worked out by the functions of the files that are given one."""

    evaluate = expressions.evaluate
    apply_stage = application.apply_stage
    run = statements.run
    run_branch = statements.run_branch
    run_line = statements.run_line
    branch = statements.branch
    check = statements.check
    declare_input = statements.declare_input
