"""From P and a start to a map: the repulsion of all points, the descent, and new points."""
