"""The page of a network, used as a reader would: by mouse, by finger and by keyboard."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import cnndsl
from cnndsl.backends.html import compared

VIEWS = [(size, dark) for size in ("desktop", "phone") for dark in (False, True)]
TEXT = """\
block Unit(channels, stride = 1) {
    conv1 = conv(channels, 3, stride, padding=1)
    conv1 -> relu
}
network Net(classes = 10) {
    input(3, 32, 32)
    stem = conv(8, 3, padding=1)
    stem -> Unit(16) -> Unit(16) -> stage
    stage = { Unit(32, 2) -> Unit(32) * 2 }
    head = linear(classes)
    it -> global_avgpool -> head
}
"""


@cache
def made(text: str = TEXT, **options: Any) -> str:
    return cnndsl.compile(text).html(**options)


@cache
def model(file: str, network: str | None = None) -> str:
    return cnndsl.compile(Path(f"models/{file}.cnn")).html(network)


def boxes(page: Any) -> list[str]:
    """What stands in the boxes that are to be seen, their heads."""
    heads: list[str] = page.locator("#stage [data-box]").evaluate_all(
        "all => all.map(one => one.querySelector('text').textContent)"
    )
    return heads


# The page follows its address, a moment after that has changed, so what it then shows is waited for.


def at(page: Any, *steps: str) -> None:
    """The way back becomes `steps`."""
    from playwright.sync_api import expect

    expect(page.locator("#trail .step")).to_have_text(list(steps))


def chosen(page: Any, text: str) -> None:
    """The box that is chosen becomes one with `text`."""
    from playwright.sync_api import expect

    expect(page.locator("#stage .chosen")).to_contain_text(text)


def count(page: Any, number: int, boxes: str = "#stage [data-box]") -> None:
    """As many boxes are to be seen."""
    from playwright.sync_api import expect

    expect(page.locator(boxes)).to_have_count(number)


@pytest.mark.parametrize(("size", "dark"), VIEWS)
def test_a_block_opens_and_leads_back(visit: Any, size: str, dark: bool) -> None:
    page = visit(made(depth=0), size=size, dark=dark)
    background = page.locator("#page").evaluate("page => getComputedStyle(page).backgroundColor")
    assert background == ("rgb(18, 24, 29)" if dark else "rgb(255, 255, 255)")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    at(page, "Net")
    page.locator("#stage .opens", has_text="stage").click()
    at(page, "Net", "stage")
    assert boxes(page) == ["input", "Unit", "Unit × 2", "output"]
    page.locator("#stage .opens").first.click()
    at(page, "Net", "stage", "0")
    assert boxes(page) == ["input", "Conv2d", "ReLU", "output"]
    page.get_by_role("button", name="the next block").click()
    at(page, "Net", "stage", "1")
    page.locator("#trail button", has_text="stage").first.click()
    at(page, "Net", "stage")
    page.go_back()
    at(page, "Net", "stage", "1")


def test_depths(visit: Any) -> None:
    page = visit(made())
    words = page.locator("#depth option").all_inner_texts()
    assert words == ["as is easy to read", "0", "1", "2"]
    for word, seen in zip(words[1:], (9, 12, 15), strict=True):
        page.locator("#depth").select_option(label=word)
        count(page, seen)
    assert page.evaluate("location.hash") == "#depth=2"
    page.reload()
    count(page, seen)


def test_a_place_can_be_linked(visit: Any) -> None:
    page = visit(made())
    page.evaluate("location.hash = 'at=stage.2'")
    at(page, "Net", "stage", "2")
    page.locator("#stage [data-box]", has_text="relu").click()
    assert page.evaluate("location.hash") == "#at=stage.2&look=stage.2.relu1"
    page.reload()
    chosen(page, "ReLU")
    page.evaluate("location.hash = 'at=nowhere&depth=99&use=x&look=y'")
    at(page, "Net")


def test_by_keyboard(visit: Any) -> None:
    page = visit(made(depth=0))
    page.locator("#stage [tabindex='0']").focus()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    focused = "document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(focused).startswith("Unit × 3, stage")
    page.keyboard.press("Enter")
    at(page, "Net", "stage")
    assert page.evaluate(focused).startswith("input")
    page.keyboard.press("Backspace")
    at(page, "Net")
    assert page.evaluate(focused).startswith("Unit × 3, stage")
    assert page.locator("#said").inner_text() == "the whole network"
    assert page.locator("#stage [tabindex='0']").count() == 1


def test_a_label_says_the_detail_of_a_box_in_one(visit: Any) -> None:
    """Also where the picture has it on two lines, with something else between them."""
    text = "network Net { input(3, 32, 32); conv(64, 7, stride=2, padding=3) }"
    page = visit(made(text, lang="ja"))
    label = page.locator("#stage [data-box]").nth(1).get_attribute("aria-label")
    assert label == "Conv2d, conv1, フィルター 64 個, 7×7, ストライド 2, パディング 3, パラメーター 9,472 個"


def test_text_and_picture_light_one_another(visit: Any) -> None:
    page = visit(made(depth=0))
    page.locator("#stage [data-box]", has_text="stem").hover()
    assert page.locator(".lines .lit").all_inner_texts() == [line for line in TEXT.splitlines() if "stem " in line]
    page.locator("[data-line='0:10']").hover()  # head = linear(classes)
    assert "head" in page.locator("#stage .lit").text_content()
    page.locator("[data-line='0:2']").click()  # inside Unit, which is not open
    at(page, "Net", "unit1")
    chosen(page, "conv1")


def test_a_card_has_the_formula_and_the_numbers(visit: Any) -> None:
    page = visit(made(depth=0))
    page.locator("#stage [data-box]", has_text="stem").hover()
    said = page.locator("#card").inner_text()
    assert "(32 - 3 + 2*1) / 1 + 1 = 32" in said
    assert "3 * 8 * 3 * 3 + 8 = 224" in said.replace("8 * 3 * 3 * 3", "3 * 8 * 3 * 3")
    assert "receptive field" in said
    page.mouse.move(2, 2)
    assert page.locator("#card").is_hidden()


def test_the_legend_tells_what_the_lines_mean(visit: Any) -> None:
    signs = "#legend [data-sign]"
    text = """
        block Unit { conv(8, 3, padding=1) -> relu; it + input }
        network Net {
            input(8, 8, 8)
            Unit * 5
            when training { aux = it -> linear(2) }
            output (it -> linear(3)), aux when training
        }"""
    expected = ["repeated block", "skip", "in training only"]
    assert [word.strip() for word in visit(made(text)).locator(signs).all_inner_texts()] == expected
    assert visit(made("network Net { input(8, 8, 8); conv(8, 3) }")).locator(signs).count() == 0


def test_a_long_name_does_not_widen_the_page(visit: Any) -> None:
    page = visit(made(f"network {'Long' * 30} {{ input(8, 8, 8); conv(8, 3) }}"), size="phone")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_search(visit: Any) -> None:
    page = visit(made(depth=0))
    page.locator("#search").fill("stage relu")
    assert page.locator("#count").inner_text() == "3 found"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    at(page, "Net", "stage", "1")
    chosen(page, "ReLU")
    page.locator("#search").fill("no such thing")
    assert page.locator("#count").inner_text() == "nothing found"


def test_colours_by_cost(visit: Any) -> None:
    page = visit(made(depth=0))
    page.locator("#colour").select_option("parameters")
    darkest = page.locator("#stage .heat5")
    assert "stage" in darkest.text_content()
    assert page.locator("#most button").first.inner_text().split() == ["stage.1.conv1", "9,248"]
    page.locator("#most button").first.click()
    at(page, "Net", "stage", "1")
    page.locator("#colour").select_option("kinds")
    assert page.locator("#stage [class*=heat]").count() == 0


def test_zoom(visit: Any) -> None:
    page = visit(made(depth=0))
    width = "document.querySelector('#stage svg').getBoundingClientRect().width"
    before = page.evaluate(width)
    page.locator("#larger").click()
    assert page.evaluate(width) == pytest.approx(1.25 * before, rel=0.01)
    page.keyboard.press("0")
    assert page.evaluate(width) == pytest.approx(before)


def test_the_reader_chooses_light_or_dark(visit: Any) -> None:
    page = visit(made(theme="dark"))
    background = "getComputedStyle(document.getElementById('page')).backgroundColor"
    assert page.evaluate(background) == "rgb(18, 24, 29)"
    page.locator("#theme").click()
    page.locator("#theme").click()
    assert page.locator("#theme").get_attribute("aria-label") == "Theme: light colours"
    assert page.evaluate(background) == "rgb(255, 255, 255)"


def test_hostile_texts_stay_text(visit: Any) -> None:
    """In comments, in the arguments of layers, which stand in boxes too, and in the name of the file."""
    text = TEXT.replace("head =", '# </script><script>throw 1</script> <img src=x onerror="throw 2"> {{ 1 }}\nhead =')
    odd = "</svg></template><script>throw 3</script>"
    text = text.replace("stem ->", f'stem -> odd: Odd("{odd}") ->')
    text = f'extern Odd(said) from "odd" (shape = same)\n{text}'
    page = visit(cnndsl.compile(text, name="<b>&amp;.cnn").html())
    assert "<img src=x" in page.locator(".lines").inner_text()
    assert page.locator("img, #beside b").count() == 0
    page.locator("#stage [data-box]", has_text="Odd").hover()
    assert odd[:20] in page.locator("#card").inner_text()  # the words of an argument are cut


def test_the_same_text_gives_the_same_page() -> None:
    assert cnndsl.compile(TEXT).html() == made()
    assert not re.search(r"https?://(?!www\.w3\.org/)", made())


def test_every_word_is_translated(visit: Any) -> None:
    page = visit(made(lang="ja"))
    assert page.evaluate("document.documentElement.lang") == "ja"
    assert page.locator("#fit").inner_text() == "全体"


def test_a_large_network_is_a_small_page(visit: Any) -> None:
    """Blocks that are alike have one picture."""
    text = model("resnet", "ResNet152")
    assert len(text.encode()) < 500_000
    page = visit(text)
    page.evaluate("location.hash = 'at=layer3.35'")
    at(page, "ResNet152", "layer3", "35")
    assert "layer3.35" in page.locator("#said").inner_text()
    page.locator("#search").fill("layer3 .conv2")
    assert page.locator("#count").inner_text() == "36 found"


BEFORE = TEXT.replace("stem = conv(8, 3, padding=1)", "stem = conv(8, 5, padding=2)").replace(
    "-> head", "-> drop -> head"
)
BEFORE = BEFORE.replace("    head =", "    drop = dropout\n    head =")
AFTER = TEXT.replace("conv1 -> relu", "norm = batchnorm\n    conv1 -> norm -> relu")


@cache
def difference() -> str:
    before, after = cnndsl.compile(BEFORE, name="a.cnn"), cnndsl.compile(AFTER, name="b.cnn")
    return compared(before.checked(), after.checked(), before.diff(after))


def marked(page: Any, mark: str) -> list[str]:
    """The paths in the boxes that have a mark."""
    found: list[str] = page.locator(f"#stage [data-box].{mark}").evaluate_all(
        "all => all.map(one => one.querySelectorAll('text')[1].textContent)"
    )
    return found


@pytest.mark.parametrize(("size", "dark"), VIEWS)
def test_what_is_new_gone_and_changed(visit: Any, size: str, dark: bool) -> None:
    page = visit(difference(), size=size, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#depth").select_option("1")
    count(page, 2, "#stage [data-box].added")
    assert marked(page, "added") == ["norm", "norm"]
    assert marked(page, "changed") == ["stem", "stage.0", "stage.1 … stage.2"]
    assert page.locator("#stage [data-frame].changed").count() == 3
    page.get_by_role("button", name="before", exact=True).click()
    count(page, 1, "#stage [data-box].removed")
    assert marked(page, "removed") == ["drop"]
    assert marked(page, "added") == []
    assert "a.cnn" in page.locator(".texts:visible h2").inner_text()
    page.reload()
    assert page.get_by_role("button", name="before", exact=True).get_attribute("aria-pressed") == "true"


def test_a_difference_leads_to_its_place(visit: Any) -> None:
    page = visit(difference())
    page.locator("#differences button", has_text="stem").click()
    chosen(page, "stem")
    page.locator("#stage .chosen").hover()
    assert "kernel 5 -> 3" in page.locator("#card").inner_text()
    page.locator("#differences button", has_text="drop").click()
    chosen(page, "drop")
    assert page.locator("#said").inner_text() == "the whole network"
    assert "state_dict: does not load" in page.locator("#differences pre").text_content()


def test_the_other_side_of_a_block(visit: Any) -> None:
    page = visit(difference())
    page.evaluate("location.hash = 'at=stage.1'")
    at(page, "Net", "stage", "1")
    assert marked(page, "added") == ["norm"]
    page.get_by_role("button", name="before", exact=True).click()
    page.wait_for_url("**side=before**")
    count(page, 4)
    assert boxes(page) == ["input", "Conv2d", "ReLU", "output"]


def test_each_use_of_a_shared_part(visit: Any) -> None:
    text = """\
block Twice() {
    part = { conv(4, 3, padding=1) -> relu }
    a = it -> part
    a + (a -> part)
}
network Net { input(4, 8, 8); Twice -> conv(2, 1) }
"""
    page = visit(cnndsl.compile(text).html(depth=2))
    page.locator("#search").fill("relu")
    assert page.locator("#count").inner_text() == "2 found"
    assert page.locator("#stage [data-box].hit").count() == 2
    page.evaluate("location.hash = 'at=twice1.part&use=2'")
    at(page, "Net", "twice1", "part")
    page.locator("#trail button", has_text="Net").focus()
    page.keyboard.press("Backspace")
    at(page, "Net", "twice1")
    chosen(page, "2/2")


def test_sizes_that_are_left_open(visit: Any) -> None:
    text = "network Net { input(3, ?, ?); conv(4, 3, stride=2) -> relu }"
    page = visit(cnndsl.compile(text).html())
    assert page.locator("#depth").is_hidden()  # without blocks there is one
    page.locator("#stage [data-box]", has_text="conv1").hover()
    said = page.locator("#card").inner_text()
    assert "MACs\nopen" in said
    assert "(H + 1) // 2 - 1" in said


def test_lines_are_those_of_messages(visit: Any) -> None:
    """What other programs take for the end of a line is none."""
    page = visit(cnndsl.compile("# a\u2028b\x0cc\nnetwork Net { input(3, 8, 8); conv(4, 3) }\n").html())
    assert page.locator(".lines li").count() == 2
    page.locator("#stage [data-box]", has_text="conv1").hover()
    assert page.locator(".lines .lit").get_attribute("data-line") == "0:2"


def test_by_finger(visit: Any) -> None:
    page = visit(made(depth=0), size="phone")
    page.locator("#stage [data-box]", has_text="stem").tap()
    assert "(32 - 3 + 2*1) / 1 + 1 = 32" in page.locator("#card").inner_text()
    box = page.locator("#card").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["y"] + box["height"] <= 844
    page.locator("#stage .opens").first.tap()
    assert page.locator("#card").is_hidden()
    at(page, "Net", "unit1")


def test_no_difference(visit: Any) -> None:
    one = cnndsl.compile(TEXT)
    page = visit(compared(one.checked(), one.checked(), one.diff(one)))
    assert page.locator("#differences li").all_inner_texts() == ["no difference"]


def test_a_difference_of_the_whole(visit: Any) -> None:
    before, after = (cnndsl.compile(TEXT.replace("input(3,", f"input({channels},")) for channels in (3, 4))
    page = visit(compared(before.checked(), after.checked(), before.diff(after)))
    assert page.locator("#differences li").first.inner_text().startswith("input 3 x ")


def test_a_difference_of_what_has_no_name(visit: Any) -> None:
    text = "network Net { input(4, 8, 8); a = it -> conv(4, 1) -> relu; (a + input) -> conv(2, 1) }"
    before, after = cnndsl.compile(text), cnndsl.compile(text.replace("a + input", "a * input"))
    page = visit(compared(before.checked(), after.checked(), before.diff(after)))
    assert page.locator("#stage .changed").count() == 1
    page.locator("#differences button").click()
    assert page.locator("#stage .chosen").count() == 0
    page.locator("#stage [data-box].changed").click()
    assert page.evaluate("location.hash") == ""


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_on_paper_the_picture_stands_above_the_text(visit: Any, size: str) -> None:
    page = visit(model("googlenet"), size=size)
    page.emulate_media(media="print")
    legend, picture, text = (page.locator(what).bounding_box() for what in ("#legend", "#stage > svg", "#beside"))
    assert legend["y"] + legend["height"] <= picture["y"]
    assert picture["y"] + picture["height"] <= text["y"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_wide_font_leaves_no_box(visit: Any) -> None:
    """Where there is none of Helvetica's widths, as on many a server, sans-serif is DejaVu's wide one."""
    drawing = cnndsl.compile(Path("models/mobilenetv2.cnn")).diagram("svg", theme="light", direction="LR").decode()
    page = visit(f"<!DOCTYPE html><title>x</title><link rel=icon href=data:,>{drawing}")
    leaving = page.locator("svg .node").evaluate_all(
        """all => all.flatMap((one) => {
          const { left, right } = one.querySelector("path, ellipse").getBoundingClientRect();
          const rooms = [...one.querySelectorAll("text")].map((text) => text.getBoundingClientRect());
          return rooms.filter((room) => room.left < left || room.right > right).map((room) => room.right - right);
        })"""
    )
    assert leaving == []
