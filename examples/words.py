"""Words: a map of 100,000 word vectors, and the neighbours of one word.

    python examples/words.py --word king

Embeds GloVe vectors (Pennington et al. 2014) with cosine distances. Prints the neighbours of the
word in the data and in the map. Draws `words.png`, the whole map with its most frequent words, and
`words_around.png`, the part around the word, with its neighbours in the data in colour.
"""

import argparse
import os
from pathlib import Path

import numpy as np

import fasttsne
from fasttsne import metrics, names, plot, tables

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("FASTTSNE_DATA", ROOT.parent / "shared" / "data"))


def main(argv=None):
    """Embed, print neighbours, draw; return the map, its recall and the neighbours."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the data sets")
    parser.add_argument("--output", type=Path, default=Path("gallery"), help="default: gallery")
    parser.add_argument("--word", default="king", help="default: king")
    parser.add_argument("--most", type=int, default=100_000, help="the most frequent so many")
    arguments = parser.parse_args(argv)
    word = arguments.word

    path = arguments.data / "bench" / "glove6b_50d_100k" / "glove6b_50d_100k.npz"
    table = tables.read(path, name_column="words")  # sorted by falling frequency
    X, words = table.X[: arguments.most], table.names[: arguments.most]
    # For unit vectors, Euclidean and cosine distances give the same neighbours. The compiled search
    # needs Euclidean ones.
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    in_data = names.neighbors_of(word, words, X, metric="cosine")
    Y = fasttsne.TSNE(random_state=0).fit_transform(X)
    in_map = names.neighbors_of(word, words, Y)

    recall = metrics.neighbor_recall(X, Y, n_sample=2000)
    print(f"{len(words):,} words; the map keeps {recall:.0%} of the 10 nearest neighbours")
    print(f"{'near ' + word + ' in the data':>32}  in the map")
    for (near, distance), (near_in_map, _) in zip(in_data, in_map, strict=True):
        print(f"{near:>20} {1 - distance:11.3f}  {near_in_map}")

    arguments.output.mkdir(parents=True, exist_ok=True)
    figure = plot.words(
        Y,
        words,
        title=f"The {len(words):,} most frequent words (GloVe)",
        caption=f"the most frequent are written; neighbour recall@10  {recall:.2f}",
    )
    plot.save(figure, arguments.output / "words.png")
    figure = plot.words(
        Y,
        words,
        around=word,
        mark=[near for near, _ in in_data],
        title=f"Around “{word}”",
        caption=f"in colour: {word} and what is nearest to it in the data",
    )
    plot.save(figure, arguments.output / "words_around.png")
    return {
        "n": len(words),
        "embedding": Y,
        "recall": recall,
        "in_data": [near for near, _ in in_data],
        "in_map": [near for near, _ in in_map],
    }


if __name__ == "__main__":
    main()
