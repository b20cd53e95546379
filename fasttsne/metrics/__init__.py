"""How good a map is: what it keeps of neighbourhoods, of labels and of the global shape.

No measure sees everything, and what t-SNE minimises is no exception: ``report`` prints all of them.
All but the KL divergence, the cohesion and the strays look at a seeded sample, so that a million
points take seconds. A row is never its own neighbour, even where others are identical to it. Arrays
and tensors give the same; tensors are worked on where they are, but for what SciPy and scikit-learn
do. ::

    print(report(X, Y, labels))
    judge = Judge(X, labels)             # for several maps: looks at the data once
    judge(Y)["cohesion"]
"""

from .measures import (
    BestScale,
    class_neighbor_recall,
    continuity,
    kl_at_best_scale,
    kl_divergence,
    label_accuracy,
    neighbor_recall,
    pairwise_distance_correlation,
    silhouette,
    silhouette_by_label,
    triplet_accuracy,
    trustworthiness,
)
from .pieces import cohesion, cohesion_by_label, reach, strays
from .report import Judge, Report, digits, report

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
