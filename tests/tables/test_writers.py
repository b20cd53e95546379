"""All that writes files: what stands there before, and names and texts that are unusual."""

from __future__ import annotations

import os
import stat

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from fasttsne import TSNE, animate, page, plot, tables
from fasttsne.cli import main
from fasttsne.tables import features as feature_files

Y = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32)
NO_UTF8 = os.fsdecode(b"a\xff")
NAMES = [NO_UTF8, *map(str, range(11))]


def write_checkpoint(path):
    TSNE(perplexity=3, random_state=0, max_iter=10, checkpoint=path, checkpoint_every=5).fit(Y)


WRITERS = {
    **{
        f"map{kind}": lambda path: tables.write(
            path, Y, [0] * 12, {"input": NO_UTF8}, 1.0, NAMES, NAMES
        )
        for kind in tables.OUTPUTS
    },
    **{
        f"features{kind}": lambda path: feature_files.write(
            path, Y, {"columns": NAMES[:2], "y": np.zeros(12, int), "label_names": NAMES}
        )
        for kind in feature_files.OUTPUTS
    },
    **{
        f"picture{kind}": lambda path: plot.save(
            plot.words(Y, NAMES, labels=[0] * 12, label_names=NAMES, title=NO_UTF8), path
        )
        for kind in (".png", ".pdf", ".svg", ".jpg")
    },
    "names.png": lambda path: plot.save(
        plot.scatter(Y, np.arange(12), NAMES, title=NO_UTF8, caption=NO_UTF8), path
    ),
    "sides.png": lambda path: plot.save(
        plot.side_by_side({NO_UTF8: Y}, captions=[NO_UTF8], title=NO_UTF8), path
    ),
    "page.html": lambda path: page.write(
        path, Y, [0] * 12, NAMES, names=NAMES, title=NO_UTF8 + "</script>"
    ),
    "film.gif": lambda path: animate([Y, 2 * Y], path, np.arange(12), NAMES, fps=2),
    "film.mp4": lambda path: animate([Y, 2 * Y], path, np.arange(12), NAMES, fps=2),
    "points.json": lambda path: plot.write_points_json(path, NAMES, Y),
    "fit.pt": write_checkpoint,
}

writers = pytest.mark.parametrize("name", WRITERS)


@writers
def test_a_device_is_not_replaced(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / name).symlink_to(tmp_path / "pipe")
    with pytest.raises(OSError, match=f"{name}: is not a regular file, and will not be replaced"):
        WRITERS[name](tmp_path / name)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert len(list(tmp_path.iterdir())) == 2


@writers
def test_links_permissions_and_names_that_are_no_utf8(tmp_path, name):
    kind = name[name.index(".") :]
    link, target = tmp_path / (NO_UTF8 + kind), tmp_path / "real" / ("b" + NO_UTF8 + kind)
    target.parent.mkdir()
    target.touch()
    target.chmod(0o640)
    link.symlink_to(target)
    WRITERS[name](link)
    assert link.is_symlink() and target.stat().st_size > 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert list(target.parent.iterdir()) == [target]
    target.unlink()
    WRITERS[name](link)  # which leads nowhere by now
    assert link.is_symlink() and target.stat().st_size > 0


@pytest.mark.parametrize(
    "command",
    [
        "embed {missing}.csv -o {path}.npz",
        "embed {missing}.csv --plot {path}.png",
        "embed {missing}.csv --html {path}.html",
        "compare {missing}.csv --plot {path}.png",
        "mosaic {missing} -o {path}.png",
        "mosaic {missing} -o {other}.png --json {path}.json",
        "landmarks {missing}.txt -o {path}.npz",
    ],
)
def test_commands_say_so_before_they_read(tmp_path, capsys, command):
    parts = {"missing": tmp_path / "missing", "path": tmp_path / "out", "other": tmp_path / "o"}
    arguments = command.format(**parts).split()
    target = next(argument for argument in arguments if argument.startswith(str(parts["path"])))
    os.mkfifo(target)
    assert main(arguments) == 2
    assert f"{target}: is not a regular file, and will not be replaced" in capsys.readouterr().err
    assert stat.S_ISFIFO(os.stat(target).st_mode)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_commands_print_names_that_no_terminal_can_hold(tmp_path, monkeypatch, encoding):
    import io
    import sys

    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(40, 3)))
    output = tmp_path / f"{NO_UTF8}ä😀.csv"
    printed = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", printed)
    command = ["embed", str(tmp_path / "x.npy"), "-o", str(output), "--iterations", "5"]
    assert main([*command, "--perplexity", "5"]) == 0
    assert output.exists()
    printed.seek(0)
    assert "a?" in printed.read()
