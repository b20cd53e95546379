"""Measures: two maps of MNIST, in one of which classes are torn apart, by all measures.

    python examples/measures.py

Both optimizations start from the same initialization and minimise the same divergence. In one the
momentum is raised at once, in the other step by step. Draws `measures.png`. Prints all measures of
both maps, and the share of each digit that lies in one piece.
"""

import argparse
import os
from pathlib import Path

import matplotlib
import numpy as np

import fasttsne
from fasttsne import Phase, metrics, plot

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("FASTTSNE_DATA", ROOT.parent / "shared" / "data"))

SCHEDULES = {
    "momentum at once": [
        Phase(50, exaggeration=12, momentum=0.8),
        Phase(234, momentum=0.98),
        Phase(280, momentum=0.99),
        Phase(186, momentum=0.9),
    ],
    "momentum by steps": [
        Phase(100, exaggeration=12, momentum=0.8),
        Phase(40, momentum=0.8),
        Phase(40, momentum=0.9),
        Phase(40, momentum=0.95),
        Phase(40, momentum=0.98),
        Phase(60, momentum=0.99),
        Phase(30, momentum=0.9),
    ],
}


def main(argv=None):
    """Embed by both schedules, measure, draw; return the measures and cohesions of both maps."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the data sets")
    parser.add_argument("--output", type=Path, default=Path("gallery"), help="default: gallery")
    parser.add_argument("--most", type=int, default=70_000, help="the first so many digits")
    arguments = parser.parse_args(argv)

    with np.load(arguments.data / "bench" / "mnist" / "mnist.npz") as mnist:
        X, digit = mnist["X"][: arguments.most], mnist["y"][: arguments.most]
    judge = metrics.Judge(X, digit, method="exact")
    maps, reports, by_digit = {}, {}, {}
    for name, schedule in SCHEDULES.items():
        maps[name] = fasttsne.TSNE(schedule=schedule, random_state=0).fit_transform(X)
        reports[name] = judge(maps[name])
        by_digit[name] = metrics.cohesion_by_label(maps[name], digit)

    first, second = reports.values()
    print(f"{len(X):,} digits{'':17}{'at once':>9}{'by steps':>9}")
    for name in first:
        print(f"{name:30}{metrics.digits(first[name]):>9}{metrics.digits(second[name]):>9}")
    for one in np.unique(digit).tolist():
        shares = "".join(f"{found[one]:9.3f}" for found in by_digit.values())
        print(f"{f'the {one}s in one piece':30}{shares}")

    arguments.output.mkdir(parents=True, exist_ok=True)
    captions = [
        f"KL {found['KL divergence']:.3f}, cohesion {found['cohesion']:.3f}"
        for found in reports.values()
    ]
    with matplotlib.rc_context({"font.size": 13}):
        figure = plot.side_by_side(maps, digit, captions=captions, legend_title="digit")
    plot.save(figure, arguments.output / "measures.png", dpi=100)
    return {"reports": reports, "by_digit": by_digit}


if __name__ == "__main__":
    main()
