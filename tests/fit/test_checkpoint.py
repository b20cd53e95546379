"""Damaged, foreign and forged checkpoints: each is refused by name, none is used."""

from __future__ import annotations

import os
import pickle
import re
import zipfile

import numpy as np
import pytest
import torch
from sample import points

from fasttsne import TSNE
from fasttsne.affinities import Multiscale
from fasttsne.fit import checkpoint

N = 120


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Bytes of a file, and the map that it leads to."""
    path = tmp_path_factory.mktemp("whole") / "fit.pt"
    X = points("clustered", N, 5).numpy()
    fitted = TSNE(
        affinities=Multiscale([5, 20]),
        neighbors="cells",
        random_state=0,
        max_iter=60,
        checkpoint=path,
        checkpoint_every=30,
    ).fit(X)
    return path.read_bytes(), fitted.embedding_


@pytest.fixture
def refused(tmp_path):
    """Check that bytes are no checkpoint, and that the error names the file and the reason."""

    def check(content, reason):
        path = tmp_path / "fit.pt"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=re.escape(f"{path} is ") + reason):
            TSNE.resume(path)

    return check


def test_the_whole_file_is_taken(tmp_path, whole):
    content, embedding = whole
    (tmp_path / "fit.pt").write_bytes(content)
    np.testing.assert_array_equal(TSNE.resume(tmp_path / "fit.pt").embedding_, embedding)


def test_no_flipped_bit_passes(whole, refused):
    content, _ = whole
    rng = np.random.default_rng(0)
    anywhere = rng.integers(0, len(content), 200).tolist()
    # The archive's own checksums do not cover its directory, which lies near the end.
    for i in [*anywhere, *range(0, 100), *range(len(content) - 400, len(content))]:
        flipped = bytearray(content)
        flipped[i] ^= 1 << int(rng.integers(8))
        refused(bytes(flipped), "(no checkpoint of fasttsne|a damaged checkpoint: its checksum)")


def test_no_part_of_a_file_passes(whole, refused):
    content, _ = whole
    end = len(content)
    for size in [0, 1, 3, 4, 50, *range(1000, end, end // 50), *range(end - 90, end)]:
        refused(content[:size], "no checkpoint of fasttsne")
    refused(content + b"\n", "no checkpoint of fasttsne of format 5: it does not end in a checksum")
    refused(content[: end // 2] + content[end // 2 + 1 :], "a damaged checkpoint: its checksum")


def test_no_older_file_passes(tmp_path, refused):
    torch.save({"format": 1, "P": [], "phases": [], "state": {}}, tmp_path / "old.pt")
    refused((tmp_path / "old.pt").read_bytes(), r"no checkpoint .* of format 5: .*another version")


class Bomb:
    """Unpickled, it leaves a trace."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (self.trace,)


def test_no_program_in_a_file_runs(tmp_path, refused):
    trace = tmp_path / "trace"
    torch.save({"format": 3, "bomb": Bomb(str(trace))}, tmp_path / "bomb.pt")
    refused((tmp_path / "bomb.pt").read_bytes(), "no checkpoint of fasttsne")
    checkpoint.seal(tmp_path / "bomb.pt")
    refused((tmp_path / "bomb.pt").read_bytes(), "no checkpoint of fasttsne")
    refused(pickle.dumps(Bomb(str(trace))), "no checkpoint of fasttsne")
    assert not trace.exists()
    assert zipfile.is_zipfile(tmp_path / "bomb.pt")


# ---- Forged files: the checksum is right, the content is not ------------------------------------


def forged(path, content, change):
    """Change the content of a file, and seal it again."""
    path.write_bytes(content)
    content = torch.load(path, weights_only=True)
    change(content)
    torch.save(content, path)
    checkpoint.seal(path)
    return path.read_bytes()


def places(content, at=()):
    """Names of all that a file holds, within dicts too."""
    for name, value in content.items():
        yield (*at, name)
        if isinstance(value, dict) and name not in ("columns", "parameters"):
            yield from places(value, (*at, name))


def test_no_field_may_be_missing_or_of_another_type(tmp_path, whole, refused):
    path = tmp_path / "fit.pt"
    path.write_bytes(whole[0])
    names = [name for name in places(torch.load(path, weights_only=True)) if name != ("format",)]
    assert len(names) > 25
    for *within, last in names:
        for value in (None, object, torch.zeros(3, 3, 3)):

            def change(content, within=within, last=last, value=value):
                for name in within:
                    content = content[name]
                if value is object:
                    del content[last]
                else:
                    content[last] = value

            if value is None and last in ("constant", "search_recall", "order", "data", "kl"):
                continue  # which may be
            if value is None and last in ("grid", "search", "ranks", "rows_of_data", "constraints"):
                continue
            reason = f"it has no '{last}'" if value is object else ""
            refused(forged(path, whole[0], change), f"a damaged checkpoint: {reason}")


def at(*names):
    """Return what changes an entry of a file."""

    def change(value):
        def changed(content):
            for name in names[:-1]:
                content = content[name]
            content[names[-1]] = value(content[names[-1]])

        return changed

    return change


def put(i, value):
    def changed(tensor):
        tensor = tensor.clone()
        tensor.view(-1)[i] = value
        return tensor

    return changed


HELD = {
    "fixed": torch.zeros(N, 1, dtype=torch.bool),
    "anchors": torch.zeros(N, 2),
    "stiffness": torch.ones(N, 1),
}


def held(**changed):
    return at("constraints")(lambda _: {**HELD, **changed})


INDPTR, INDICES, VALUES = (at("P", i) for i in range(3))
FORGED = {
    "P begins late": (INDPTR(put(0, 1)), "P.indptr must rise from 0"),
    "P ends late": (INDPTR(put(-1, 10**9)), "P.indptr must rise from 0"),
    "P falls": (INDPTR(put(5, 10**6)), "P.indptr must rise from 0"),
    "P is short": (INDPTR(lambda p: p[:-1].clone()), rf"P must have {N} rows, .* got {N - 1} rows"),
    "P is empty": (INDPTR(lambda p: p[:0].clone()), f"P must have {N} rows, 2 or more"),
    "a column too high": (INDICES(put(7, N)), rf"P.indices must be in 0 .. {N - 1}, got 0 .. {N}"),
    "a column too low": (INDICES(put(7, -1)), "P.indices must be in 0"),
    "a column twice": (INDICES(lambda i: i[[0, 0, *range(2, len(i))]]), "P.indices must rise"),
    "columns are few": (INDICES(lambda i: i[:-1].clone()), "P.indptr must rise"),
    "columns are long": (INDICES(torch.Tensor.long), "P.indices must be a dense tensor of torch.i"),
    "P is NaN": (VALUES(put(3, np.nan)), "P.values must be finite"),
    "P is infinite": (VALUES(put(3, np.inf)), "P.values must be finite"),
    "P is negative": (VALUES(put(3, -1.0)), "P.values must be 0 or more"),
    "P is large": (VALUES(lambda v: 2 * v), "P.values must be 0 or more and sum to 1, got .* of 2"),
    "P is long": (VALUES(lambda v: torch.cat([v, v])), "P.values must be "),
    "P is strided": (VALUES(lambda v: torch.stack([v, v], 1)[:, 0]), "P.values must be contiguous"),
    "P is sparse": (VALUES(torch.Tensor.to_sparse), "P.values must be a dense tensor"),
    "P has two parts": (at("P")(lambda P: P[:2]), "not enough values"),
    "ranks of no sizes": (
        at("ranks")(lambda _: {"name": "0123abcd", "sizes": [1, 2]}),
        "must sum to",
    ),
    "ranks of less than none": (
        at("ranks")(lambda _: {"name": "0123abcd", "sizes": [-1, N + 1]}),
        "sizes must be 0 or more",
    ),
    "ranks without a name": (at("ranks")(lambda _: {"name": 3, "sizes": [N]}), "name must be"),
    "ranks of a name that is a path": (
        at("ranks")(lambda _: {"name": "/../../x", "sizes": [N]}),
        "name must be 8 letters",
    ),
    "rows of other data": (at("rows_of_data")(lambda _: [N, 1]), "rows_of_data must sum to"),
    "a mask of numbers": (held(fixed=torch.zeros(N, 1)), "fixed must be a dense tensor of torch.b"),
    "a mask that is short": (held(fixed=HELD["fixed"][:9].clone()), r"fixed must have shape \(120"),
    "anchors are wide": (held(anchors=torch.zeros(N, 3)), r"anchors must have shape \(120, 2\)"),
    "an anchor is NaN": (held(anchors=put(3, np.nan)(HELD["anchors"])), "anchors must be finite"),
    "stiffness is missing": (held(stiffness=None), "anchors and stiffness must be there both"),
    "strange constraints": (held(run=1), "constraints must be fixed, anchors, stiffness, got"),
    "order is twice": (at("order")(put(0, 5)), f"order must hold each of 0 .. {N - 1} once"),
    "order is high": (at("order")(put(0, N)), "order must hold each of"),
    "order is low": (at("order")(put(0, -1)), "order must hold each of"),
    "order is short": (at("order")(lambda o: o[:-1].clone()), "order must hold each of"),
    "a start is NaN": (at("state", "Y")(put(0, np.nan)), "Y must be finite"),
    "a start is wide": (
        at("state", "Y")(lambda Y: Y[:, [0, 1, 1]]),
        "velocity must have the shape",
    ),
    "a start is long": (
        at("state", "gains")(lambda g: g[:-1].clone()),
        "gains must have the shape",
    ),
    "velocity is double": (
        at("state", "velocity")(torch.Tensor.double),
        "velocity must be a dense",
    ),
    "an iteration too far": (at("state", "done")(lambda _: 61), "iteration 61 .* not in the sched"),
    "a negative iteration": (at("state", "done")(lambda _: -1), "done must be 0 or more"),
    "a phase too far": (at("state", "phase")(lambda _: 99), "a phase 99 .* is not in the schedule"),
    "no phases": (at("phases")(lambda _: []), "schedule must be a list"),
    "a phase of NaN": (
        at("phases", 0, "momentum")(lambda _: np.nan),
        r"schedule\[0\].momentum must",
    ),
    "a strange phase": (
        at("phases", 0)(lambda p: {**p, "x": 1}),
        "unexpected keyword argument 'x'",
    ),
    "a short box": (at("state", "bounds", "_low")(lambda x: x[:1]), "bounds must be the 2 lowest"),
    "a box of NaN": (
        at("state", "bounds", "_high")(lambda _: [np.nan] * 2),
        "bounds must be the 2",
    ),
    "a grid of NaN": (
        at("state", "grid")(lambda _: ([0.0], [np.nan])),
        "grid must be the 2 lowest",
    ),
    "columns": (at("columns")(lambda c: {**c, "fit": 1}), "columns must .* got 'fit'"),
    "a number of columns": (
        at("columns")(lambda _: {"n_features_in_": 7}),
        "columns must be the nu",
    ),
    "a parameter": (at("parameters")(lambda p: {**p, "fit": 1}), "TSNE has no fit"),
    "strange affinities": (
        at("parameters", "affinities", "kind")(lambda _: "os"),
        "affinities must",
    ),
    "other dimensions": (
        at("parameters", "n_components")(lambda _: 3),
        r"Y must have shape \(120, 3",
    ),
}


@pytest.mark.parametrize("what", FORGED)
def test_no_content_is_taken_at_its_word(tmp_path, whole, refused, what):
    change, reason = FORGED[what]
    refused(forged(tmp_path / "fit.pt", whole[0], change), f"a damaged checkpoint: .*{reason}")


def test_only_known_attributes_are_set(tmp_path, whole):
    """A file tells the fields of the descent and of its box; others are left alone."""

    def change(content):
        content["state"]["run"] = content["state"]["bounds"]["read"] = content["anything"] = 1

    path = tmp_path / "fit.pt"
    path.write_bytes(forged(path, whole[0], change))
    np.testing.assert_array_equal(TSNE.resume(path).embedding_, whole[1])


def test_a_name_that_is_no_text(tmp_path, whole):
    path = tmp_path / os.fsdecode(b"fit\xff.pt")
    X = points("clustered", N, 5).numpy()
    fitted = TSNE(random_state=0, max_iter=60, checkpoint=path).fit(X)
    np.testing.assert_array_equal(TSNE.resume(path).embedding_, fitted.embedding_)
