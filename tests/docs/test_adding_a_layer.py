"""Adding a layer is a class and its word in a table: this does what the document says, in a copy, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, Block, blocks_of
from tests.docs.checkout import check_types, checkout, run

DOCUMENT = "docs/adding-a-layer.md"


def blocks(kind: str) -> list[Block]:
    return [block for block in blocks_of(DOCUMENT) if block.kind == kind]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its tests of layers and what they use, with the class of the document at the end of its file."""
    folder = checkout(
        tmp_path_factory.mktemp("checkout"),
        ("cnndsl", "grammars", "tests/layers", "tests/oracle"),
        ("tests/__init__.py", "tests/conftest.py", "tests/running.py"),
    )
    family = folder / "cnndsl" / "layers" / "normalisation.py"
    imports, definition, *_ = blocks("python")
    text = family.read_text(encoding="utf-8")
    before, after = text.split("\nfrom math", 1)
    family.write_text(f"{before}\n{imports.text}from math{after}\n\n{definition.text}", encoding="utf-8")
    registry = folder / "cnndsl" / "layers" / "registry.py"
    text = registry.read_text(encoding="utf-8").replace('"normalisation": "', '"normalisation": "layer_scale ')
    registry.write_text(text.replace('"Permute",', '"LayerScale", "Permute",'), encoding="utf-8")
    return folder


TRY = """
import torch
from torch import nn
import cnndsl, sys
from pathlib import Path

assert Path(cnndsl.__file__).parents[1] == Path.cwd()
model = cnndsl.load("net.cnn")()
own = {name: value for name, value in model.state_dict().items()}
scales = [value for name, value in own.items() if name.endswith(".scale.scale")]
assert len(scales) == 2 and all(torch.equal(scale, torch.full((8,), 0.001)) for scale in scales)
for scale in scales:
    nn.init.normal_(scale)
x = torch.randn(2, 8, 6, 6)
y = x
for name in ("branch1", "branch2"):
    conv = nn.Conv2d(8, 8, 3, padding=1)
    conv.load_state_dict({key: own[f"{name}.conv.{key}"] for key in ("weight", "bias")})
    y = conv(y) * own[f"{name}.scale.scale"].view(1, 8, 1, 1) + y
torch.testing.assert_close(model(x), y, rtol=0, atol=0)
program = cnndsl.compile(Path("net.cnn").read_text()).program
from cnndsl.analysis import costs
assert costs.of(program, "Net").parameters == sum(p.numel() for p in model.parameters())
"""


def test_a_network_with_it_compiles_and_runs(copy: Path, request: pytest.FixtureRequest) -> None:
    network, module = blocks("text")
    (copy / "net.cnn").write_text(network.text, encoding="utf-8")
    run(copy, "-m", "cnndsl", "compile", "net.cnn")
    written = (copy / "net.py").read_text(encoding="utf-8")
    shown = written[written.index("import torch\n") : written.index("\n\n\nclass Net(")] + "\n"
    if request.config.getoption("--update"):
        text = (ROOT / DOCUMENT).read_text(encoding="utf-8")
        (ROOT / DOCUMENT).write_text(text.replace(module.text, shown), encoding="utf-8")
    else:
        assert module.text == shown
    run(copy, "-c", TRY)


def test_it_is_in_the_reference_and_the_summary(copy: Path) -> None:
    (copy / "net.cnn").write_text(blocks("text")[0].text, encoding="utf-8")
    assert "layer_scale(init=1e-06)" in run(copy, "-m", "cnndsl", "layers", "layer_scale")
    assert "### layer_scale\n" in run(copy, "-m", "cnndsl.reference")
    shown = run(copy, "-m", "cnndsl", "summary", "--all", "--columns", "name,arguments", "net.cnn")
    assert "layer_scale from 0.001" in shown


def test_the_class_is_in_the_style_of_the_others(copy: Path) -> None:
    family = "cnndsl/layers/normalisation.py"
    check_types(copy, family)
    run(copy, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), "--ignore", "I001,F811", family)


def test_the_tests_of_layers_know_of_it(copy: Path) -> None:
    said = run(copy, "-m", "pytest", "tests/layers", "-q", "-k", "layer_scale or LayerScale", "-p", "no:cacheprovider")
    assert int(said.splitlines()[-1].split()[0]) >= 5, said
