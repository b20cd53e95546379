"""Films of a fit: one frame a map, colours that stay, whole files or none."""

import sys
from itertools import pairwise

import numpy as np
import pytest
from sample import points

from fasttsne import TSNE, Snapshots, animate

pytest.importorskip("matplotlib")
Image = pytest.importorskip("PIL.Image")


@pytest.fixture(scope="module")
def frames():
    seen = Snapshots()
    TSNE(callback=seen, callback_every=20, max_iter=120, random_state=0).fit(
        points("clustered", 150, 5).numpy()
    )
    return seen


def gif(path):
    film = Image.open(path)
    for number in range(film.n_frames):
        film.seek(number)
        yield np.asarray(film.convert("RGB"), int), film.info["duration"]


def test_a_gif_shows_every_map_and_holds_the_last(tmp_path, frames):
    labels = np.arange(150) % 3
    animate(frames, tmp_path / "map.gif", labels, fps=10, hold=1.0)
    pictures = list(gif(tmp_path / "map.gif"))
    assert sum(duration for _, duration in pictures) == 100 * (len(frames) - 1) + 1000
    # All differ, and each has the colours of the classes.
    for (one, _), (other, _) in pairwise(pictures):
        assert (one != other).any()
    for picture, _ in pictures:
        blue = (picture[..., 2] > picture[..., 0] + 60).sum()
        orange = (picture[..., 0] > picture[..., 2] + 60).sum()
        assert blue > 40 and orange > 40


@pytest.mark.parametrize("follow", [True, False])
def test_the_frame_follows_the_map_or_not(tmp_path, follow):
    square = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
    animate([square, 10 * square], tmp_path / "map.gif", follow=follow, hold=0.1, fps=10)
    (small, _), *_ = gif(tmp_path / "map.gif")
    across = np.ptp(np.nonzero((small[..., 2] > small[..., 0] + 60).any(0))[0])
    assert (across > 300) == follow


def test_a_scale_has_its_name_in_every_frame(tmp_path, frames):
    labels = np.linspace(0, 90, 150)
    amounts = []
    for title in (None, "age (years)"):
        animate(frames, tmp_path / "map.gif", labels, legend_title=title)
        # How much dark text there is beside the scale.
        amounts.append(
            [(picture[:, -80:].max(2) < 120).sum() for picture, _ in gif(tmp_path / "map.gif")]
        )
    without, with_title = amounts
    assert min(with_title) > max(without) + 40


def test_a_film(tmp_path, frames):
    pytest.importorskip("imageio_ffmpeg")
    animate(frames, tmp_path / "map.mp4", hold=0.2)
    content = (tmp_path / "map.mp4").read_bytes()
    assert content[4:8] == b"ftyp" and len(content) > 3000


def test_without_ffmpeg_the_error_names_it(tmp_path, frames, monkeypatch):
    from matplotlib.animation import FFMpegWriter

    monkeypatch.setattr(FFMpegWriter, "isAvailable", classmethod(lambda cls: False))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ImportError, match=r"pip install imageio-ffmpeg; or write a .gif"):
        animate(frames, tmp_path / "map.mp4")
    assert not list(tmp_path.iterdir())


def test_ctrl_c_leaves_the_old_file(tmp_path, frames, monkeypatch):
    from matplotlib.animation import PillowWriter

    path = tmp_path / "map.gif"
    path.write_bytes(b"old")

    def interrupt(self, **_):
        raise KeyboardInterrupt

    monkeypatch.setattr(PillowWriter, "grab_frame", interrupt)
    with pytest.raises(KeyboardInterrupt):
        animate(frames, path)
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "maps, name, error, message",
    [
        ([], "map.gif", ValueError, "snapshots must hold 1 map or more, got none"),
        ([np.zeros((3, 2))], "map.avi", ValueError, "a film must end in one of .gif, .mp4"),
        ([np.zeros((3, 2))], "no/map.gif", FileNotFoundError, "there is no folder"),
        ([np.zeros((3, 3))], "map.gif", ValueError, r"maps of the same points with shape \(n, 2\)"),
        ([np.zeros((4, 2)), np.zeros((3, 2))], "map.gif", ValueError, r"got \(4, 2\) as number 0"),
    ],
    ids=range(5),
)
def test_bad_input_is_named(tmp_path, maps, name, error, message):
    with pytest.raises(error, match=message):
        animate(maps, tmp_path / name)
    assert not list(tmp_path.iterdir())
