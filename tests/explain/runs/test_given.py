"""Pictures, numbers and tensors as what goes into a network, and what is refused."""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path

import pytest
import torch
from PIL import Image

from cnndsl.diagnostics import OptionError, Problem
from cnndsl.tracing.inputs import Sample, Scale, samples
from cnndsl.tracing.page import page
from cnndsl.tracing.svg import svg
from tests.explain.runs.support import compiled, numbers, picture, ran


def given(shape: str, *items: Path | str, scale: Scale | None = None, body: str = "relu") -> tuple[Sample, ...]:
    program = compiled(f"network Net {{ input({shape}) -> {body} }}").program
    assert program is not None
    return samples(program, program.network(), items, scale)


def refusal(shape: str, *items: Path | str, body: str = "relu") -> str:
    with pytest.raises(OptionError) as caught:
        given(shape, *items, body=body)
    return str(caught.value)


def unreadable(path: Path) -> str:
    with pytest.raises(Problem) as caught:
        given("3, 8, 8", path)
    assert caught.value.diagnostic.code == "E001"
    return caught.value.diagnostic.message


# Pictures


def test_a_picture_of_the_right_size_stays_as_it_is(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png", 8, 6)
    (sample,) = given("3, 6, 8", path)
    pixels = Image.open(path)
    assert sample.tensor.shape == (3, 6, 8)
    for x, y in ((0, 0), (7, 0), (0, 5), (4, 3)):
        assert tuple((sample.tensor[:, y, x] * 255).round().int().tolist()) == pixels.getpixel((x, y))
    assert sample.words == "a.png: 8 x 6 pixels, red, green, blue, from 0 to 1"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "F"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_of_all_kinds(tmp_path: Path, mode: str, channels: int) -> None:
    path = tmp_path / ("a.tiff" if mode in ("CMYK", "YCbCr", "F") else "a.png")
    Image.new(mode, (6, 6), 1 if mode in ("1", "F") else None).save(path)
    (sample,) = given(f"{channels}, 6, 6", path)
    assert sample.tensor.shape == (channels, 6, 6)
    assert 0 <= sample.tensor.min() <= sample.tensor.max() <= 1


def test_sixteen_bits_are_not_cut_off(tmp_path: Path) -> None:
    Image.new("I;16", (4, 4), 65535 // 2).save(tmp_path / "a.png")
    (sample,) = given("1, 4, 4", tmp_path / "a.png")
    assert sample.tensor.mean() == pytest.approx(0.5, abs=0.01)


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(tmp_path / "a.png")
    (sample,) = given("3, 4, 4", tmp_path / "a.png")
    assert torch.equal(sample.tensor, torch.ones(3, 4, 4))
    (seen,) = given("4, 4, 4", tmp_path / "a.png")
    assert torch.equal(seen.tensor[3], torch.zeros(4, 4))


def test_a_picture_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    wide = Image.new("L", (8, 4))
    wide.paste(255, (0, 0, 4, 4))
    wide.save(tmp_path / "a.png", exif=exif)
    (sample,) = given("1, 8, 4", tmp_path / "a.png")
    assert sample.tensor[0, :4].min() == 1
    assert sample.tensor[0, 4:].max() == 0


def test_the_middle_is_kept(tmp_path: Path) -> None:
    wide = Image.new("L", (40, 10))
    wide.paste(255, (15, 0, 25, 10))
    wide.save(tmp_path / "a.png")
    (sample,) = given("1, 10, 10", tmp_path / "a.png")
    assert torch.equal(sample.tensor, torch.ones(1, 10, 10))
    assert "scaled and cut to 10 x 10" in sample.words
    (larger,) = given("1, 20, 80", tmp_path / "a.png")
    assert larger.tensor.shape == (1, 20, 80)
    assert "scaled to 80 x 20" in larger.words


def test_the_mean_and_the_deviation(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), (255, 0, 51)).save(tmp_path / "a.png")
    (sample,) = given("3, 4, 4", tmp_path / "a.png", scale=Scale((0.5, 0.0, 0.2), (0.5,)))
    torch.testing.assert_close(sample.tensor[:, 0, 0], torch.tensor([1.0, 0.0, 0.0]))
    assert sample.words.endswith("then minus 0.5, 0, 0.2 and divided by 0.5")
    with pytest.raises(OptionError, match="the picture has 3 channels, and 2 numbers are given"):
        given("3, 4, 4", tmp_path / "a.png", scale=Scale((0.5, 0.0)))


def test_an_open_size_is_the_picture_s_own_as_far_as_it_fits(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png", 37, 22)
    assert given("3, ?, ?", path)[0].tensor.shape == (3, 22, 37)
    even = "conv(3, 3, padding=1)"
    assert given("3, ?, ?", path, body=even)[0].tensor.shape == (3, 22, 37)
    large = picture(tmp_path / "b.png", 2000, 1000)
    assert given("3, ?, ?", large)[0].tensor.shape == (3, 256, 512)
    tiny = picture(tmp_path / "c.png", 2, 2)
    assert given("3, ?, ?", tiny, body="conv(1, 5)")[0].tensor.shape == (3, 5, 5)


def test_an_open_size_keeps_to_its_multiple(tmp_path: Path) -> None:
    text = """
    network Net {
        input(3, ?, ?)
        top = conv(4, 3, padding=1)
        a = input -> top
        a -> maxpool(4) -> upsample(scale=4)
        it + a
    }
    """
    program = compiled(text).program
    assert program is not None
    (sample,) = samples(program, program.network(), [picture(tmp_path / "a.png", 38, 23)])
    assert sample.tensor.shape == (3, 20, 36)
    torch.save(torch.zeros(3, 10, 12), tmp_path / "a.pt")
    with pytest.raises(OptionError, match="H is a multiple of 4"):
        samples(program, program.network(), [tmp_path / "a.pt"])


def test_what_no_picture_is(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png", 4, 4)
    assert refusal("2, 4, 4", path).startswith("Net takes pictures of 2 channels, which no picture is: give numbers")
    assert refusal("1, 800", path).startswith("Net takes channels x length, 1 x 800, which no picture is")
    assert refusal("10", path).startswith("Net takes a list of features, 10, which no picture is")
    assert "channels x depth x height x width" in refusal("3, 4, 4, 4", path)


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    assert unreadable(tmp_path / "text.png").endswith("cannot be read: it is no picture of a kind that is known")
    assert "no such file" in unreadable(tmp_path / "none.png")
    assert "directory" in unreadable(tmp_path)
    whole = picture(tmp_path / "whole.png", 64, 64).read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    assert "cannot be read" in unreadable(tmp_path / "half.png")
    (tmp_path / "empty.png").write_bytes(b"")
    assert "cannot be read" in unreadable(tmp_path / "empty.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("name", ["a.png", "a.csv", "a.pt"])
def test_nothing_is_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert unreadable(tmp_path / name).endswith("cannot be read: it is not a regular file")
    assert "directory" in unreadable(tmp_path)
    assert "null" in unreadable(Path("a\0" + name))


@pytest.mark.parametrize("side", [12_000, 60_000])
def test_a_huge_picture_is_refused_before_it_is_unpacked(tmp_path: Path, side: int) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    header = side.to_bytes(4) * 2 + bytes((8, 2, 0, 0, 0))
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
    (tmp_path / "a.png").write_bytes(bomb)
    assert "million" in refusal("3, 8, 8", tmp_path / "a.png")


# Numbers


@pytest.mark.parametrize(
    ("shape", "text", "size"),
    [
        ("1, 2, 3", "1 2 3; 4 5 6", (1, 2, 3)),
        ("1, 2, 3", "1 2 3 4 5 6", (1, 2, 3)),
        ("1, 2, 3", "[[1, 2, 3],\n [4, 5, 6]]", (1, 2, 3)),
        ("2, 1, 3", "1,2,3\n4,5,6\n", (2, 1, 3)),
        ("1, ?, ?", "1 2 3; 4 5 6", (1, 2, 3)),
        ("2, ?, ?", "1 2 3; 4 5 6", (2, 1, 3)),
        ("2, 3", "1 2 3; 4 5 6", (2, 3)),
        ("2, ?", "1 2 3; 4 5 6", (2, 3)),
        ("6", "1 2 3 4 5 6", (6,)),
        ("1, 1, 2, 3", "1 2 3 4 5 6", (1, 1, 2, 3)),
    ],
)
def test_numbers(shape: str, text: str, size: tuple[int, ...]) -> None:
    (sample,) = given(shape, text)
    assert sample.tensor.shape == size
    assert sample.tensor.flatten().tolist() == [1, 2, 3, 4, 5, 6]


def test_numbers_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf1,2\r\n3,-4.5e0\r\n")
    (sample,) = given("1, 2, 2", tmp_path / "a.csv")
    assert sample.tensor.flatten().tolist() == [1, 2, 3, -4.5]
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe")
    assert "b.csv cannot be read" in unreadable(tmp_path / "b.csv")


def test_numbers_that_do_not_fit() -> None:
    assert refusal("1, 4, 4", "1 2; 3 4") == "the network takes 1 x 4 x 4, and 2 x 2 numbers are given (4 in all)"
    assert "numbers in rows of different lengths are given (3 in all)" in refusal("1, ?, ?", "1 2; 3")
    assert "any number" in refusal("2, ?, ?", "1 2; 3 4; 5 6")
    assert refusal("1, 2, 2", "1 2; x 4").startswith("'x' is no number")
    assert refusal("1, 2, 2", "1 nan 3 inf").startswith("'nan' is no number")
    assert refusal("1, 2, 2", "  ; ") == "there are no numbers in it"


def test_a_saved_tensor(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save(torch.rand(3, 4, 5, 6), path)
    assert given("3, 4, 5, 6", path)[0].tensor.shape == (3, 4, 5, 6)
    torch.save(torch.arange(16).view(1, 1, 4, 4), path)
    assert given("1, ?, ?", path)[0].tensor.dtype == torch.float32
    assert refusal("1, 5, 5", path).startswith("the network takes 1 x 5 x 5, and the tensor in ")
    for odd in (torch.zeros(1, 5, 5, dtype=torch.complex64), torch.zeros(1, 5, 5).to_sparse()):
        torch.save(odd, path)
        assert refusal("1, 5, 5", path).endswith("is complex, quantised or sparse, and no plain one")
    torch.save({"a": 1}, path)
    assert refusal("1, 5, 5", path).endswith("holds no tensor, but a dict")
    path.write_text("nothing of this kind")
    assert "a.pt cannot be read" in unreadable(path)


class Evil:
    """What would create a file if it were unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    torch.save(Evil(tmp_path / "made"), tmp_path / "a.pt")
    assert "what would run code is not loaded" in unreadable(tmp_path / "a.pt")
    assert not (tmp_path / "made").exists()


def test_rows_of_a_table_are_whole_numbers() -> None:
    body = "embedding(10, 4)"
    assert given("3", "1 2 9", body=body)[0].tensor.dtype == torch.int64
    assert refusal("3", "1 2.5 9", body=body) == "input takes whole numbers from 0 on: the rows of a table"
    assert "whole numbers" in refusal("3", "1 -2 9", body=body)


def test_each_input_gets_its_own() -> None:
    assert refusal("1, 2, 2", "1 2 3 4", "1 2 3 4").startswith("Net takes one input and 2 are given")
    text = "network Net { left = input(1, 2, 2); right = input(1, 2, 2); left + right }"
    program = compiled(text).program
    assert program is not None
    made = samples(program, program.network(), [numbers(1, 2, 2), "1 1 1 1"])
    assert [sample.name for sample in made] == ["left", "right"]
    with pytest.raises(OptionError, match="Net takes 2 inputs, left, right, and 1 are given"):
        samples(program, program.network(), [numbers(1, 2, 2)])


def test_the_planes_of_a_coloured_picture(tmp_path: Path) -> None:
    path = tmp_path / "seen.png"
    Image.frombytes("RGBA", (5, 4), bytes(range(80))).save(path)
    for channels, names in ((1, []), (3, ["red", "green", "blue"]), (4, ["red", "green", "blue", "opacity"])):
        figure = ran(f"network Net {{ input({channels}, 4, 5) -> relu }}", path)
        (given,) = figure.given
        assert [name for name, _ in given.planes] == names
        if not names:
            continue
        whole = Image.open(io.BytesIO(given.picture)).split()
        for at, (_, png) in enumerate(given.planes):
            plane = Image.open(io.BytesIO(png)).split()
            shown = (0, 1, 2) if at == 3 else (at,)
            for colour in range(3):
                same = whole[at].tobytes() if colour in shown else bytes(20)
                assert plane[colour].tobytes() == same
        assert page(figure).count('class="picture plane"') == len(names)
        assert svg(figure).count("its channel") == len(names)
