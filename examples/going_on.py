"""Maps that go on: further phases, fixed points, a series of times, labels, and growth.

    python examples/going_on.py --only anchors

Embeds images of digits (scikit-learn's 8 x 8 pixels). Draws one figure for each topic,
`going_on_NAME.png`, and prints the measures below its maps.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
from scipy.linalg import orthogonal_procrustes
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from fasttsne import TSNE, metrics, plot


def optimize(X, digits):
    """Run further phases of one map, each from the map before."""
    tsne = TSNE(random_state=0, perplexity=30).fit(X)
    steps = {
        "the fit": None,
        "then exaggeration = 3": dict(exaggeration=3),
        "then perplexity = 5": dict(perplexity=5),
        "then perplexity = 30 again": dict(perplexity=30),
    }
    maps, captions, found = {}, [], {}
    for title, phase in steps.items():
        if phase is not None:
            tsne.optimize(200, momentum=0.9, **phase)
        maps[title] = tsne.embedding_
        found[title] = tsne.kl_divergence_, metrics.neighbor_recall(X, maps[title])
        captions.append("KL {:.2f}\nrecall {:.2f}".format(*found[title]))
    return maps, digits, captions, found


def fixed(X, digits):
    """Fix three quarters of a map where they are, and let the others find their places."""
    whole = TSNE(random_state=0).fit_transform(X)
    is_fixed = np.arange(len(X)) % 4 > 0
    start = np.where(is_fixed[:, None], whole, np.float32(0))
    Y = TSNE(init=start, fixed=is_fixed, random_state=0).fit_transform(X)
    vote = KNeighborsClassifier(10).fit(whole[is_fixed], digits[is_fixed])
    found = {
        "moved": float(np.abs(Y - start)[is_fixed].max()),
        "right": vote.score(Y[~is_fixed], digits[~is_fixed]),
    }
    maps = {"fixed points, and all others at 0": start, "after the fit": Y}
    captions = ["", f"{found['right']:.1%} of the others among their digit"]
    names = [None if stays else str(digit) for stays, digit in zip(is_fixed, digits, strict=True)]
    return maps, names, captions, found


def displacement(before, after):
    """Mean distance between two maps that are turned onto each other, in units of the radius."""
    before, after = before - before.mean(0), after - after.mean(0)
    turn, _ = orthogonal_procrustes(after, before)
    radius = np.sqrt((before**2).sum(1).mean())
    return float(np.linalg.norm(after @ turn - before, axis=1).mean() / radius)


def anchors(X, digits):
    """Make maps of three times, the data with new noise each time: separate, and aligned."""
    rng = np.random.default_rng(0)
    times = [X + 3 * rng.normal(size=X.shape) for _ in range(3)]
    first = TSNE(random_state=0).fit_transform(times[0])
    series = {"separate": [first], "from the last map": [first], "drawn to it, weight 1": [first]}
    for X_now in times[1:]:
        for name, done in series.items():
            last = done[-1]
            parameters = {} if name == "separate" else dict(init=last, early_exaggeration=1)
            if "drawn" in name:
                parameters |= dict(anchors=last, anchor_weight=1)
            done.append(TSNE(random_state=0, **parameters).fit_transform(X_now))
    maps, captions, found = {}, [], {}
    for name, done in series.items():
        steady = np.mean([displacement(a, b) for a, b in pairwise(done)])
        recall = np.mean(
            [metrics.neighbor_recall(X_now, Y) for X_now, Y in zip(times, done, strict=True)]
        )
        found[name] = float(steady), float(recall)
        maps[f"{name}: the last time"] = done[-1]
        captions.append(f"displacement {steady:.3f}\nrecall {recall:.2f}")
    return {"the first time": first, **maps}, digits, ["", *captions], found


def supervision(X, digits):
    """Hide half of the labels, and tell how well maps with the other half find them."""
    rng = np.random.default_rng(0)
    X = X + 8 * rng.normal(size=X.shape)  # so that the classes overlap
    is_hidden = rng.random(len(X)) < 0.5
    given = np.where(is_hidden, -1, digits)
    maps, captions, found = {}, [], {}
    for weight in (0, 0.5, 0.9, 0.99):
        Y = TSNE(supervision=weight, random_state=0).fit_transform(X, given)
        vote = KNeighborsClassifier(10).fit(Y[~is_hidden], digits[~is_hidden])
        hidden = vote.score(Y[is_hidden], digits[is_hidden])
        seen = metrics.label_accuracy(Y[~is_hidden], digits[~is_hidden])
        found[weight] = hidden, seen
        maps[f"supervision = {weight}"] = Y
        captions.append(f"hidden labels {hidden:.3f}\ngiven ones {seen:.3f}")
    return maps, digits, captions, found


def growth(X, digits):
    """Begin with half of the rows, and let the others join in two parts; show the first half."""
    n = len(X)
    tsne = TSNE(random_state=0).fit(X[: n // 2])
    first_map = tsne.embedding_
    maps, captions, found = {f"{n // 2:,} rows": first_map}, [""], {}
    for first, last in ((n // 2, 3 * n // 4), (3 * n // 4, n)):
        tsne.extend(X[first:last])
        moved = displacement(first_map, tsne.embedding_[: n // 2])
        maps[f"the same among {last:,}"] = tsne.embedding_[: n // 2]
        captions.append(f"displacement from the first {moved:.3f}\nKL {tsne.kl_divergence_:.2f}")
        found[last] = moved, tsne.kl_divergence_
    whole = TSNE(random_state=0).fit(X)
    maps[f"of another fit of {n:,}"] = whole.embedding_[: n // 2]
    moved = displacement(first_map, whole.embedding_[: n // 2])
    captions.append(f"displacement from the first {moved:.3f}\nKL {whole.kl_divergence_:.2f}")
    found["whole"] = moved, whole.kl_divergence_
    return maps, digits[: n // 2], captions, found


TOPICS = {
    "optimize": optimize,
    "fixed": fixed,
    "anchors": anchors,
    "supervision": supervision,
    "growth": growth,
}


def main(argv=None):
    """Embed, measure, draw; return the measures by topic."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("gallery"), help="default: gallery")
    parser.add_argument("--most", type=int, default=1797, help="images; default: all 1,797")
    parser.add_argument("--only", choices=TOPICS, help="one topic; default: all")
    arguments = parser.parse_args(argv)

    X, digits = (array[: arguments.most] for array in load_digits(return_X_y=True))
    arguments.output.mkdir(parents=True, exist_ok=True)
    found = {}
    for name in [arguments.only] if arguments.only else TOPICS:
        maps, labels, captions, found[name] = TOPICS[name](X, digits)
        for title, caption in zip(maps, captions, strict=True):
            print(f"{name:>12} {title:>40}: {', '.join(caption.splitlines())}")
        with matplotlib.rc_context({"font.size": 20}):
            figure = plot.side_by_side(maps, labels, captions=captions)
        plot.save(figure, arguments.output / f"going_on_{name}.png", dpi=100)
    return found


if __name__ == "__main__":
    main()
