"""Measures of how good a map is: what it keeps of neighbourhoods, classes and the global shape.

No single measure sees everything, nor does the KL divergence that t-SNE minimises. ``report``
prints all of them. The measures of neighbourhoods and distances, ``label_accuracy``,
``silhouette`` and ``silhouette_by_label`` look at a seeded random sample, so that a million points
take seconds; the others use all points. A row is never its own neighbour, even if other rows are
identical to it.

Arrays and tensors give the same results. Tensors are processed on their own device, except where
SciPy or scikit-learn does the work. ::

    print(report(X, Y, labels))
    judge = Judge(X, labels)             # for several maps: processes the data once
    judge(Y)["cohesion"]
"""

from .classes import class_neighbor_recall, label_accuracy, silhouette, silhouette_by_label
from .distances import pairwise_distance_correlation, triplet_accuracy
from .divergence import BestScale, kl_at_best_scale, kl_divergence
from .judge import Judge, Report, digits, report
from .neighborhoods import continuity, neighbor_recall, trustworthiness
from .outliers import reach, strays
from .torn_classes import cohesion, cohesion_by_label

__all__ = [
    "BestScale",
    "Judge",
    "Report",
    "class_neighbor_recall",
    "cohesion",
    "cohesion_by_label",
    "continuity",
    "digits",
    "kl_at_best_scale",
    "kl_divergence",
    "label_accuracy",
    "neighbor_recall",
    "pairwise_distance_correlation",
    "reach",
    "report",
    "silhouette",
    "silhouette_by_label",
    "strays",
    "triplet_accuracy",
    "trustworthiness",
]
