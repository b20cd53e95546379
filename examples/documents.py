"""Documents: a map of the manual pages of SciPy, labelled by their names.

    python examples/documents.py --document dijkstra

A page is the docstring of a function or class. Its sections See Also, References and Examples are
left out, because they name the module. Vectors are by TF-IDF and truncated singular value
decomposition (latent semantic analysis, Deerwester et al. 1990). Prints the pages nearest to one
page; draws `documents.png`.
"""

import argparse
import importlib
import inspect
import re
from pathlib import Path

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

import fasttsne
from fasttsne import metrics, names, plot

MODULES = """cluster.hierarchy cluster.vq fft integrate interpolate linalg ndimage optimize signal
sparse sparse.csgraph sparse.linalg spatial spatial.distance special stats""".split()
LEFT_OUT = re.compile(r"\n(See Also|References|Examples)\n-+\n.*", re.DOTALL)


def documents():
    """Yield the name, the module and the text of each page."""
    for module in MODULES:
        public = importlib.import_module(f"scipy.{module}")
        for name in public.__all__:
            text = inspect.getdoc(getattr(public, name))
            if callable(getattr(public, name)) and text and len(text) > 300:
                yield name, module.partition(".")[0], LEFT_OUT.sub("", text)


def main(argv=None):
    """Embed the pages, print neighbours, draw the map; return the measures and neighbours."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("gallery"), help="default: gallery")
    parser.add_argument("--document", default="dijkstra", help="default: dijkstra")
    arguments = parser.parse_args(argv)

    titles, modules, texts = map(list, zip(*documents(), strict=True))
    counts = TfidfVectorizer(token_pattern="[a-z]{3,}", stop_words="english", sublinear_tf=True)
    vectors = make_pipeline(counts, TruncatedSVD(100, random_state=0), Normalizer(copy=False))
    X = vectors.fit_transform(texts).astype(np.float32)
    Y = fasttsne.TSNE(random_state=0).fit_transform(X)

    near = names.neighbors_of(arguments.document, titles, X, k=8)
    accuracy = metrics.label_accuracy(Y, modules)
    in_data = metrics.label_accuracy(X, modules)
    print(f"{len(titles):,} pages; 10-NN accuracy of the module: {in_data:.3f} by the vectors,")
    print(f"{accuracy:.3f} by the map. Near {arguments.document}:")
    print(", ".join(title for title, _ in near))

    arguments.output.mkdir(parents=True, exist_ok=True)
    figure = plot.words(
        Y,
        titles,
        importance=[len(text) for text in texts],
        labels=modules,
        title=f"{len(titles):,} manual pages of SciPy, by module",
        legend_title="module",
        caption=f"the longest are named; 10-NN accuracy of the module  {accuracy:.2f}",
    )
    plot.save(figure, arguments.output / "documents.png")
    return {
        "n": len(titles),
        "accuracy": accuracy,
        "accuracy_in_data": in_data,
        "near": [title for title, _ in near],
    }


if __name__ == "__main__":
    main()
