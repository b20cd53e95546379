"""What a person does with a page: point, move, search, hide, all in a headless browser."""

from __future__ import annotations

import io

import numpy as np
import pytest
from window import (
    BLUE,
    FIRST,
    GREEN,
    NAMES,
    ORANGE,
    SIZE,
    UNNAMED,
    centre,
    look,
    scene,
    settle,
    strength,
    text,
    two_points,
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
    assert text(tab, "found").startswith("0 points")
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
    assert tab.locator("#classes .class").count() == 500
    assert "200 more" in tab.locator("#classes li").last.text_content()


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
    focused = []
    for _ in range(6):
        tab.keyboard.press("Tab")
        focused.append(
            tab.evaluate("document.activeElement.id || document.activeElement.className")
        )
    assert focused[:2] == ["stage", "query"] and {"class", "only"} <= set(focused)
