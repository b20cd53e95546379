"""What a person does with a page: point, move, search, hide, all in a headless browser."""

from __future__ import annotations

import io

import numpy as np
import pytest
from window import (
    BLUE,
    CLASSES,
    FIRST,
    GREEN,
    NAMES,
    ORANGE,
    RECORDER,
    SIZE,
    UNNAMED,
    centre,
    look,
    scene,
    settle,
    strength,
    text,
    two_points,
    written,
)

# ---- Pointing ---------------------------------------------------------------------------------


def test_hover(visit):
    tab = visit(*scene(), names=NAMES)
    card = tab.locator("#card")
    assert not card.is_visible()
    x, y = centre(look(tab), ORANGE)
    tab.mouse.move(x, y)
    settle(tab)
    assert card.is_visible()
    assert (text(tab, "name"), text(tab, "label-text")) == ("Ada", "first")
    assert text(tab, "row") == f"#{FIRST}"
    tab.wait_for_timeout(200)
    assert text(tab, "live") == f"Ada, first, row {FIRST}"
    tab.mouse.move(x, y + 60)
    settle(tab)
    assert not card.is_visible()


def test_the_nearest_point_is_shown(visit):
    tab = visit(np.stack([np.arange(70.0), np.zeros(70)], 1))
    points = strength(look(tab), BLUE) > 0.3
    xs = np.nonzero(points.any(0))[0]
    left, spacing = xs.min() + 3, (xs.max() - xs.min() - 6) / 69
    assert 6 < spacing < 16  # several points are near the pointer
    for row in (0, 1, 30, 69):
        tab.mouse.move(left + row * spacing, np.nonzero(points.any(1))[0].mean())
        settle(tab)
        assert text(tab, "row") == f"#{row}"


def test_click_pins(visit):
    tab = visit(*scene(), names=NAMES)
    card = tab.locator("#card")
    shown = look(tab)
    x, y = centre(shown, ORANGE)
    for end in ("Escape", "close", "elsewhere"):
        tab.mouse.click(x, y)
        tab.mouse.move(*centre(shown, GREEN))
        settle(tab)
        assert card.is_visible() and text(tab, "name") == "Ada"
        if end == "Escape":
            tab.keyboard.press("Escape")
        elif end == "close":
            tab.get_by_role("button", name="Close").click()
        else:
            tab.mouse.click(x, y + 60)
        tab.mouse.move(x, y + 60)
        settle(tab)
        assert not card.is_visible()


def test_pictures(visit):
    Image = pytest.importorskip("PIL.Image")
    images = np.zeros((2501, 24, 24, 3), np.uint8)
    images[:, :] = [255, 0, 255]
    images[7] = [0, 255, 255]
    Y = np.stack(np.divmod(np.arange(2501.0), 50), 1)
    Y[7] = [25, 70]
    tab = visit(Y, images=[image if i != 5 else None for i, image in enumerate(images)])
    points = strength(look(tab), BLUE) > 0.3
    row = int(np.nonzero(points.any(1))[0].min())
    tab.mouse.move(np.nonzero(points[row])[0].mean(), row + 2)
    tab.locator("#picture").wait_for()
    shot = tab.locator("#picture").screenshot(caret="initial")
    middle = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"))[8:-8, 8:-8].astype(int)
    assert text(tab, "row") == "#7" and np.abs(middle - [0, 255, 255]).max() < 30
    # Once there is room, the pictures themselves lie on the map.
    assert strength(look(tab), [1, 0, 1]).max() == 0
    for _ in range(4):
        tab.get_by_role("button", name="Zoom in").click()
    assert (strength(look(tab), [1, 0, 1]) > 0.9).sum() > 20 * 20 * 20
    # The card does not cover the picture of its point.
    tab.get_by_role("searchbox").fill("#1234")
    tab.keyboard.press("Enter")
    settle(tab)
    card = tab.locator("#card").bounding_box()
    right, bottom = card["x"] + card["width"], card["y"] + card["height"]
    x, y = np.array(SIZE) / 2
    assert right < x - 30 or card["x"] > x + 30 or bottom < y - 30 or card["y"] > y + 30


# ---- Details and the place of the card ----------------------------------------------------------


def test_the_card_shows_details(visit):
    n = 302
    details = {
        "clip": [f"<b>clip</b> {i // 10}" for i in range(n)],
        "frame": np.arange(n) + 12_345,
        "valence": [None] * 300 + [0.123456, None],
    }
    tab = visit(*scene(), names=NAMES, details=details)
    shown = look(tab)
    tab.mouse.move(*centre(shown, ORANGE))
    tab.wait_for_timeout(250)
    lines = ["clip", "<b>clip</b> 30", "frame", "12645", "valence", "0.1235"]
    assert tab.locator("#columns > *").all_text_contents() == lines
    assert text(tab, "live") == (
        f"Ada, first, clip <b>clip</b> 30, frame 12645, valence 0.1235, row {FIRST}"
    )
    tab.mouse.move(*centre(shown, GREEN))
    settle(tab)
    assert tab.locator("#columns > *").all_text_contents() == [*lines[:3], "12646"]
    tab = visit(*scene()[:2])
    tab.mouse.move(*centre(look(tab), ORANGE))
    settle(tab)
    assert tab.locator("#card").is_visible() and not tab.locator("#columns").is_visible()


def covered(tab, names):
    """The names on the map that the card covers, in part or whole."""
    card = tab.locator("#card").bounding_box()
    left, top = card["x"], card["y"]
    right, bottom = left + card["width"], top + card["height"]
    return [
        name
        for name in names
        for l, t, r, b in written(tab).get(name, [])
        if l < right and left < r and t < bottom and top < b
    ]


@pytest.mark.parametrize("viewport", [SIZE, (390, 844)])
@pytest.mark.parametrize("long", [False, True])
def test_the_card_leaves_names_to_be_read(visit, viewport, long):
    size = dict(zip(("width", "height"), viewport, strict=True))
    # Around the point with the card there are others, to the right, the left and below it.
    Y = np.array([[0, 0], [2.2, 0], [-2.2, 0], [0, -2], [-5, 5], [5, -5], [5, 5], [-5, -5.0]])
    names = ["middle", "right", "left", "below", *"abcd"]
    details = {"text": ["a text of many words that fills lines" if long else "short"] * 8}
    tab = visit(Y, names=names, details=details, viewport=size, init=[RECORDER])
    middle = written(tab)["middle"][0]
    tab.mouse.move((middle[0] + middle[2]) / 2, middle[3] + 7)
    settle(tab)
    assert text(tab, "name") == "middle" and set(names) <= set(written(tab))
    assert covered(tab, ["middle"]) == []
    if not long:
        assert covered(tab, names) == []


# ---- Names of classes ---------------------------------------------------------------------------


def test_names_are_whole_on_a_phone(visit):
    rng = np.random.default_rng(0)
    corners = np.array([[0, 0], [10, 0], [0, 15], [10, 15], [5, 8]])
    labels = np.repeat(np.arange(5), 50)
    names = [f"a class with a name: {i}" for i in range(5)]
    Y = corners[labels] + 0.3 * rng.normal(size=(250, 2))
    phone = {"width": 390, "height": 844}
    tab = visit(Y, labels, names, viewport=phone, init=[RECORDER])
    for _ in range(3):
        shown = written(tab)
        for boxes in shown.values():
            for left, _, right, _ in boxes:
                assert 0 <= left and right <= 390
        tab.locator("#stage").press("ArrowLeft")
    tab.locator("#stage").press("0")
    assert set(written(tab)) == set(names)


def test_no_name_lies_under_a_panel(visit):
    rng = np.random.default_rng(0)
    n = 4000
    Y = rng.uniform(size=(n, 2))
    tab = visit(Y, np.arange(n) % 2, names=[f"point {i}" for i in range(n)], init=[RECORDER])
    for key in "+++++":
        tab.locator("#stage").press(key)
        shown = [box for boxes in written(tab).values() for box in boxes]
        for panel in ("header", "legend", "zoom"):
            box = tab.locator(f"#{panel}").bounding_box()
            for left, top, right, bottom in shown:
                assert (
                    right <= box["x"]
                    or left >= box["x"] + box["width"]
                    or bottom <= box["y"]
                    or top >= box["y"] + box["height"]
                )
    assert len(shown) > 5


def test_a_search_writes_the_names_of_what_it_found(visit):
    tab = visit(*scene(), names=NAMES, init=[RECORDER])
    assert set(written(tab)) == set(CLASSES)
    tab.get_by_role("searchbox").fill("Ada")
    assert set(written(tab)) == {"Ada"}  # the points of the classes are faint
    tab.get_by_role("searchbox").fill("second")
    assert set(written(tab)) == {"second"}
    tab.get_by_role("searchbox").fill("nobody")
    assert set(written(tab)) == set() and text(tab, "found") == "No match"
    tab.get_by_role("searchbox").fill("")
    assert set(written(tab)) == set(CLASSES)


# ---- Moving -----------------------------------------------------------------------------------


def test_wheel_zooms_about_the_pointer(visit):
    tab = visit(*scene()[:2], UNNAMED)
    before = two_points(tab)
    pointer = before.mean(0).round() + np.array([8, 25])
    tab.mouse.move(*pointer)
    factors = []
    for delta in (-120, 200):
        tab.mouse.wheel(0, delta)
        after = two_points(tab)
        factor = np.linalg.norm(after[0] - after[1]) / np.linalg.norm(before[0] - before[1])
        np.testing.assert_allclose(after, pointer + factor * (before - pointer), atol=1.5)
        factors.append(factor)
        before = after
    assert 1.1 < factors[0] < 1.6 and 0.5 < factors[1] < 0.9


def test_drag_keys_and_home(visit):
    tab = visit(*scene()[:2], UNNAMED)
    before = two_points(tab)
    tab.mouse.move(500, 100)
    tab.mouse.down()
    tab.mouse.move(480, 110)
    tab.mouse.move(440, 160)
    tab.mouse.up()
    np.testing.assert_allclose(two_points(tab) - before, [[-60, 60]] * 2, atol=1)
    tab.keyboard.press("Escape")
    tab.locator("#stage").focus()
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("ArrowDown")
    np.testing.assert_allclose(two_points(tab) - before, [[20, -20]] * 2, atol=1)
    for go_home in ("0", "double-click", "button"):
        tab.keyboard.press("+")
        tab.keyboard.press("-")
        tab.keyboard.press("-")
        apart = np.ptp(two_points(tab), axis=0) / np.ptp(before, axis=0)
        np.testing.assert_allclose(apart, 1 / 1.5, atol=0.02)
        if go_home == "0":
            tab.keyboard.press("0")
        elif go_home == "double-click":
            tab.mouse.dblclick(700, 600)
        else:
            tab.get_by_role("button", name="Show the whole map").click()
            tab.locator("#stage").focus()
        np.testing.assert_allclose(two_points(tab), before, atol=1)


def test_pinch(visit):
    tab = visit(*scene()[:2], UNNAMED, has_touch=True)
    before = two_points(tab)
    middle = before.mean(0)
    session = tab.context.new_cdp_session(tab)

    def touch(kind, *places):
        points = [{"x": middle[0] + x, "y": middle[1], "id": i} for i, x in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", -40, 40)
    for d in (2, 6, 10):
        touch("touchMove", -40 - d - 3 * d, 40 + d - 3 * d)  # apart by 2 d, to the left by 3 d
    touch("touchEnd")
    after = two_points(tab)
    factor = np.linalg.norm(after[0] - after[1]) / np.linalg.norm(before[0] - before[1])
    assert 1.15 < factor < 1.26  # the first pixels of a move are taken for a trembling finger
    moved = middle + factor * (before - middle) - [30, 0]
    np.testing.assert_allclose(after, moved, atol=6)
    tab.touchscreen.tap(*after[0])
    settle(tab)
    assert text(tab, "row") == f"#{FIRST}"


# ---- Searching --------------------------------------------------------------------------------


def test_search_marks_and_goes_there(visit):
    tab = visit(*scene(), names=NAMES)
    before = look(tab)
    tab.keyboard.press("/")
    tab.keyboard.type("käthe")
    after = look(tab)
    assert text(tab, "found").startswith("1 point")
    assert strength(after, BLUE).max() < 0.6 < strength(before, BLUE).max()
    assert strength(after, GREEN).max() > 0.6
    tab.keyboard.press("Enter")
    settle(tab)
    assert text(tab, "found") == "1 of 1" and text(tab, "name") == "Käthe 2"
    assert np.abs(centre(look(tab), GREEN) - np.array(SIZE) / 2).max() < 2
    tab.keyboard.press("Escape")
    settle(tab)
    assert tab.get_by_role("searchbox").input_value() == text(tab, "found") == ""
    assert not tab.locator("#card").is_visible()
    tab.keyboard.type("nobody")
    settle(tab)
    assert text(tab, "found") == "No match"
    assert tab.get_by_role("button", name="Next match").is_disabled()


def test_search_goes_through_the_matches_best_first(visit):
    names = ["unkind", "kinder", "kind", "other", "Kind"]
    tab = visit(np.random.default_rng(0).normal(size=(5, 2)), names=names)
    tab.get_by_role("searchbox").fill("KIND")
    settle(tab)
    visited = []
    for key in ("Enter", "Enter", "Enter", "Enter", "Enter", "Shift+Enter"):
        tab.keyboard.press(key)
        settle(tab)
        visited.append(text(tab, "name"))
    assert visited == ["kind", "Kind", "kinder", "unkind", "kind", "unkind"]


def test_search_of_classes_and_rows(visit):
    tab = visit(*scene())
    tab.get_by_role("searchbox").fill("second")
    shown = look(tab)
    assert text(tab, "found").startswith("1 class")
    assert strength(shown, BLUE).max() < 0.6 < strength(shown, GREEN).max()
    tab.keyboard.press("Enter")
    settle(tab)
    assert np.abs(centre(look(tab), GREEN) - np.array(SIZE) / 2).max() < 2
    assert text(tab, "live") == "second, 1 point"
    tab.get_by_role("searchbox").fill(f"#{FIRST}")
    tab.keyboard.press("Enter")
    settle(tab)
    assert text(tab, "row") == f"#{FIRST}" and text(tab, "label-text") == "first"


def test_the_flight_ends_where_the_jump_does(visit):
    seen = []
    for motion in ("reduce", "no-preference"):
        tab = visit(*scene(), names=NAMES, reduced_motion=motion)
        tab.get_by_role("searchbox").fill("Ada")
        tab.keyboard.press("Enter")
        tab.wait_for_timeout(900)
        seen.append(centre(look(tab), ORANGE))
    np.testing.assert_allclose(*seen, atol=1)


# ---- The legend -------------------------------------------------------------------------------


def test_legend(visit):
    tab = visit(*scene())

    def amounts():
        shown = look(tab)
        return [strength(shown, color).max() for color in (BLUE, ORANGE, GREEN)]

    def row(name):
        return tab.locator("#classes li").filter(has_text=name)

    assert min(amounts()) > 0.6
    assert row("crowd").text_content().startswith("crowd300")
    x, y = centre(look(tab), ORANGE)
    row("first").locator(".class").click()
    assert row("first").locator(".class").get_attribute("aria-pressed") == "false"
    tab.mouse.move(x, y)
    blue, orange, green = amounts()
    assert min(blue, green) > 0.6 and orange < 0.1
    assert not tab.locator("#card").is_visible()
    tab.get_by_role("button", name="Show only second").click()
    tab.mouse.move(x, y)
    blue, orange, green = amounts()
    assert green > 0.6 and max(blue, orange) < 0.1
    tab.get_by_role("button", name="Show all").click()
    tab.mouse.move(x, y + 60)
    assert min(amounts()) > 0.6
    row("crowd").hover()  # pointed at: the others grow faint
    blue, orange, green = amounts()
    assert blue > 0.6 and max(orange, green) < 0.3


def test_many_classes_are_listed_in_part(visit):
    labels = [f"class {i}" for i in range(700)]
    tab = visit(np.random.default_rng(0).normal(size=(700, 2)), labels)
    listed = tab.locator("#classes .class")
    assert listed.count() == 500
    assert "200 more" in tab.locator("#classes li").last.text_content()
    box, legend = tab.locator("#classes").bounding_box(), tab.locator("#legend").bounding_box()
    assert box["height"] > legend["height"] and legend["height"] < SIZE[1]  # it scrolls
    tab.get_by_role("searchbox", name="Filter the classes").fill("LASS 69")
    assert listed.count() == 11
    names = tab.locator("#classes .name")
    assert names.all_text_contents() == [f"class {i}" for i in (69, *range(690, 700))]
    before = look(tab)
    listed.last.click()
    tab.mouse.move(300, 500)
    assert (look(tab) != before).any()
    assert listed.last.get_attribute("aria-pressed") == "false"
    filtered = tab.get_by_role("searchbox", name="Filter the classes")
    filtered.press("End")
    filtered.press("/")  # which leads to the search field from elsewhere
    assert filtered.input_value() == "LASS 69/" and listed.count() == 0
    assert "No match" in text(tab, "classes")
    filtered.press("Escape")
    assert filtered.input_value() == "" and listed.count() == 500
    # What is hidden stays hidden, listed or not.
    filtered.fill("class 699")
    assert listed.last.get_attribute("aria-pressed") == "false"
    few = visit(*scene())
    assert not few.locator("#filter").is_visible()


def test_the_legend_and_the_scale_have_titles(visit):
    assert text(visit(*scene()), "legend-title") == "3 classes"
    assert text(visit(*scene(), legend_title="kind"), "legend-title") == "kind"
    tab = visit([[0.0, 0.0], [5.0, 0.0]], [-2.0, 6.25], legend_title="age (years)")
    assert text(tab, "legend-title") == "age (years)"
    tab.mouse.move(*centre(look(tab), [253 / 255, 231 / 255, 37 / 255]))
    settle(tab)
    assert text(tab, "label-text") == "age (years): 6.25"


def test_a_class_that_is_hidden_while_pointed_at_leaves_the_others_as_they_are(visit):
    tab = visit(*scene())
    button = tab.locator("#classes li").filter(has_text="first").locator(".class")
    box = button.bounding_box()
    tab.mouse.click(box["x"] + 20, box["y"] + 10)
    shown = look(tab)
    assert strength(shown, BLUE).max() > 0.6 and strength(shown, ORANGE).max() < 0.1
    # The list stays where it is, so that a second click at the same place shows the class again.
    tab.mouse.click(box["x"] + 20, box["y"] + 10)
    assert button.get_attribute("aria-pressed") == "true"
    assert strength(look(tab), ORANGE).max() > 0.6


def test_the_focus_is_not_lost_with_show_all(visit):
    tab = visit(*scene())
    tab.locator("#classes .class").last.click()
    tab.locator("#all").focus()
    tab.keyboard.press("Enter")
    assert focused(tab)[0] == "class" and tab.locator("#all").is_disabled()


# ---- By keyboard --------------------------------------------------------------------------------


def focused(tab):
    """What has the focus, and the width of the outline that shows it."""
    name = tab.evaluate("document.activeElement.id || document.activeElement.className")
    outline = "getComputedStyle(document.activeElement)"
    style, width = tab.evaluate(f"[{outline}.outlineStyle, parseFloat({outline}.outlineWidth)]")
    return name, width if style == "solid" else 0


def test_every_control_is_reached_by_tab_and_shows_it(visit):
    labels = np.arange(300) % 60
    tab = visit(np.random.default_rng(0).normal(size=(300, 2)), labels)
    seen = []
    for _ in range(11):
        tab.keyboard.press("Tab")
        seen.append(focused(tab))
    # The list of classes is one stop, not 120.
    assert [name for name, _ in seen] == [
        "stage", "query", "legend-title", "filter", "class", "only", "in", "out", "home", "",
        "stage",
    ]  # fmt: skip
    assert all(width >= 2 for name, width in seen if name)


def test_arrow_keys_go_through_the_classes(visit):
    tab = visit(*scene())

    def pressed(key):
        tab.keyboard.press(key)
        return tab.evaluate("document.activeElement.textContent")

    tab.locator("#classes .class").first.focus()
    assert pressed("ArrowDown") == "first1" and pressed("End") == "second1"
    assert pressed("ArrowDown") == "second1" and pressed("ArrowUp") == "first1"
    shown = look(tab)  # the others are faint, as under the pointer
    assert strength(shown, ORANGE).max() > 0.6 > strength(shown, BLUE).max()
    tab.keyboard.press("Enter")
    shown = look(tab)
    assert strength(shown, ORANGE).max() < 0.1 and strength(shown, BLUE).max() > 0.6
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    shown = look(tab)
    assert strength(shown, ORANGE).max() > 0.6 and strength(shown, BLUE).max() < 0.1
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Shift+Tab")
    assert focused(tab)[0] == "all"


def test_a_card_by_keyboard(visit):
    tab = visit(*scene(), names=NAMES)
    stage, card = tab.locator("#stage"), tab.locator("#card")
    stage.focus()
    x, y = centre(look(tab), ORANGE) - np.array(SIZE) / 2
    for distance, key in ((x, "ArrowRight"), (y, "ArrowDown")):
        for _ in range(abs(round(distance / 80))):
            stage.press(key if distance > 0 else {"ArrowRight": "ArrowLeft"}.get(key, "ArrowUp"))
    stage.press("Enter")
    settle(tab)
    assert card.is_visible() and text(tab, "name") == "Ada"
    tab.get_by_role("button", name="Close").focus()
    tab.keyboard.press("Enter")
    assert not card.is_visible() and focused(tab)[0] == "stage"
    stage.press("Enter")
    assert card.is_visible()
    stage.press("Escape")
    assert not card.is_visible()


# ---- What must not happen ---------------------------------------------------------------------


def test_hostile_text_is_shown_as_it_is(visit):
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    Y = np.array([[0.0, 0.0], [9.0, 3.0], [9.0, 3.1]])
    tab = visit(Y, [0, 1, 1], [hostile, "b"], names=[hostile] * 3, title=hostile)
    assert tab.title() == text(tab, "title") == hostile
    assert tab.locator("#classes .name").first.text_content() == hostile
    tab.get_by_role("searchbox").fill("alert(2)")
    tab.keyboard.press("Enter")
    tab.keyboard.press("Enter")
    settle(tab)
    assert text(tab, "name") == text(tab, "label-text") == hostile
    assert tab.locator("img").count() == 0


def test_the_policy_stops_requests_scripts_and_markup(visit):
    tab = visit(np.zeros((3, 2)))
    attempts = """async () => {
      const stopped = [];
      const count = (event) => stopped.push(event.effectiveDirective);
      document.addEventListener("securitypolicyviolation", count);
      await fetch("http://127.0.0.1:9/").catch(() => 0);
      const add = (tag, properties) => document.body.append(
        Object.assign(document.createElement(tag), properties));
      add("img", { src: "http://127.0.0.1:9/" });
      add("iframe", { src: "http://127.0.0.1:9/" });
      add("style", { textContent: "p { color: red }" });
      try { add("script", { textContent: "window.ran = true" }); } catch { }
      try { document.body.innerHTML = "<p>"; } catch { }
      await new Promise((done) => setTimeout(done, 200));
      return [stopped.sort(), window.ran];
    }"""
    stopped, ran = tab.evaluate(attempts)
    assert {"connect-src", "img-src", "frame-src", "style-src-elem"} <= set(stopped)
    assert stopped.count("require-trusted-types-for") == 2 and ran is None
    assert len(tab.seen.errors) >= 6
    tab.seen.errors.clear()
    tab.seen.requests[1:] = []  # playwright tells of requests that were stopped, too


def test_names_and_roles(visit):
    tab = visit(*scene(), names=NAMES, title="a map")
    stage = tab.get_by_role("application", name="Map of 302 points")
    assert "Arrow keys" in tab.locator(f"#{stage.get_attribute('aria-describedby')}").text_content()
    assert tab.get_by_role("searchbox", name="Search", exact=True).count() == 1
    assert tab.get_by_role("heading", name="a map").count() == 1
    for button in tab.get_by_role("button", include_hidden=True).all():
        assert button.get_attribute("aria-label") or button.text_content().strip()
