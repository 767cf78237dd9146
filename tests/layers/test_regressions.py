"""Cases in which the catalogue and PyTorch once disagreed, and edges that are easy to get wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.layers.agreement import check
from tests.layers.cases import Case

TAKEN: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    # Rounding up never adds a window that starts in the padding at the end.
    ("maxpool", {"kernel": 2, "stride": 3, "ceil_mode": True}, (1, 6)),
    ("maxpool", {"kernel": 2, "stride": 3, "ceil_mode": True}, (1, 7)),
    ("maxpool", {"kernel": 3, "stride": 2, "padding": 1, "ceil_mode": True}, (1, 6, 7)),
    ("avgpool", {"kernel": 1, "stride": 4, "ceil_mode": True}, (1, 4, 5)),
    # With a stride that is large enough, rounding up even takes a kernel that is larger than the map.
    ("maxpool", {"kernel": 5, "stride": 4, "ceil_mode": True}, (1, 2)),
    ("avgpool", {"kernel": 4, "ceil_mode": True}, (2, 1, 3)),
    # The largest border that a map can give.
    ("conv", {"channels": 2, "kernel": 3, "padding": 3, "padding_mode": "reflect"}, (2, 4, 4)),
    ("conv", {"channels": 2, "kernel": 3, "padding": 4, "padding_mode": "circular"}, (2, 4, 4)),
    ("conv", {"channels": 2, "kernel": 3, "padding": 9, "padding_mode": "replicate"}, (2, 1, 1)),
    ("conv", {"channels": 2, "kernel": 4, "padding": "same", "dilation": 2, "padding_mode": "reflect"}, (2, 4, 4)),
    ("conv", {"channels": 2, "kernel": 3, "padding": "valid", "stride": 2}, (2, 4, 4)),
    ("pad", {"padding": (3, 3, 0, 0), "mode": "reflect"}, (2, 1, 4)),
    ("conv_transpose", {"channels": 2, "kernel": 2, "output_padding": 1, "dilation": 2}, (2, 4, 4)),
    ("conv_transpose", {"channels": 4, "kernel": 3, "stride": 2, "padding": 1, "groups": 2}, (2, 4, 4)),
    # Sizes from a scale are cut off, in double precision.
    ("upsample", {"scale": 1 / 3}, (1, 3, 9)),
    ("upsample", {"scale": 0.7}, (1, 10)),
    ("upsample", {"scale": (1.1, 2.3)}, (1, 10, 10)),
    ("upsample", {"scale": 2, "mode": "trilinear", "align_corners": True}, (1, 2, 2, 2)),
    ("flatten", {"start": -2}, (2, 3, 4)),
    ("flatten", {"start": 2, "end": 2}, (2, 3, 4)),
    ("glu", {"axis": 1}, (4, 3)),
    ("reshape", {"sizes": (-1, 6)}, (4, 3)),
    ("crop", {"margins": (0, 0, 0, 1)}, (4, 3, 3)),
    ("crop", {"size": 2}, (4, 3, 5)),
    ("batchnorm", {"affine": False, "track_running_stats": False}, (4,)),
]
REFUSED: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    # A pool's padding is at most half of its kernel, whatever the dilation.
    ("maxpool", {"kernel": 3, "stride": 1, "padding": 2, "dilation": 2}, (1, 10)),
    ("maxpool", {"kernel": 3, "stride": 1, "padding": (2, 0), "dilation": (2, 1)}, (1, 10, 6)),
    ("maxpool", {"kernel": 3, "stride": 1, "padding": 2, "dilation": 2}, (1, 8, 8, 8)),
    # On three axes the average pools want the whole kernel inside the map, before padding.
    ("avgpool", {"kernel": 4, "stride": 5, "padding": (0, 0, 1)}, (6, 4, 10, 3)),
    ("avgpool", {"kernel": 2, "ceil_mode": True}, (2, 7, 1, 10)),
    ("lppool", {"norm": 2, "kernel": (3, 3, 5), "ceil_mode": True}, (1, 5, 9, 4)),
    ("conv", {"channels": 2, "kernel": 3, "padding": 4, "padding_mode": "reflect"}, (2, 4, 4)),
    ("conv", {"channels": 2, "kernel": 3, "padding": 5, "padding_mode": "circular"}, (2, 4, 4)),
    ("conv", {"channels": 2, "kernel": 4, "padding": "same", "dilation": 2, "padding_mode": "reflect"}, (2, 3, 4)),
    # Every axis for itself: two sizes below zero have a positive product.
    ("conv", {"channels": 2, "kernel": 40}, (2, 28, 28)),
    ("conv", {"channels": 2, "kernel": (3, 1)}, (2, 2, 9)),
    ("conv", {"channels": 3, "kernel": 1, "groups": 2}, (2, 4, 4)),
    ("conv", {"channels": 2, "kernel": 1, "groups": 2}, (3, 4, 4)),
    ("conv_transpose", {"channels": 2, "kernel": 2, "stride": 2, "output_padding": 2}, (2, 4, 4)),
    ("instancenorm", {"track_running_stats": True}, (2, 1, 1)),
    ("groupnorm", {"groups": 3}, (4, 2)),
    ("prelu", {"num": 3}, (4, 2)),
    ("upsample", {"scale": 2, "mode": "bilinear"}, (1, 4)),
    ("upsample", {"scale": 0.3}, (1, 3)),
    ("upsample", {"scale": 2, "align_corners": True}, (1, 3)),
    ("upsample", {}, (1, 3)),
    ("upsample", {"scale": 2, "size": 4}, (1, 3)),
    ("celu", {"alpha": 0}, (1,)),
    ("rrelu", {"lower": 0.5}, (1,)),
    ("hardtanh", {"min": 1}, (1,)),
    ("embedding", {"num": 4, "features": 2, "padding_idx": 4}, (3,)),
]


@pytest.mark.parametrize(("kind", "parameters", "x"), TAKEN)
def test_taken_by_both(kind: str, parameters: dict[str, Any], x: tuple[int, ...]) -> None:
    assert check(Case(kind, parameters, x)) == "taken"


@pytest.mark.parametrize(("kind", "parameters", "x"), REFUSED)
def test_refused_by_both(kind: str, parameters: dict[str, Any], x: tuple[int, ...]) -> None:
    assert check(Case(kind, parameters, x)) == "refused"
