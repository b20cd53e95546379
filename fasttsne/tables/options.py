"""What a user can say of a file to read, and for which forms of files it means something."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

MISSING = ("drop-rows", "drop-columns", "mean")
"""What can be done with missing values."""
GROUPS = ("clip", "person")

_TABLE = ("label_column", "color_column", "name_column", "columns", "drop_columns", "missing")
_LANDMARKS = (
    *("features", "color_column", "group", "root", "classes", "max_clips", "max_frames", "every"),
    *("drop_neutral", "min_confidence", "size"),
)
_APPLIES_TO = {
    "a table of text": (*_TABLE, "header", "transpose"),
    "a table of columns": (*_TABLE, "transpose"),
    "landmarks": _LANDMARKS,
    "word vectors": ("name_column",),
    "an array": ("missing", "transpose"),
    "a file of arrays": (*("label_column", "name_column", "key", "missing", "transpose", "group"),),
    "a sparse matrix": ("label_column", "name_column", "missing", "transpose"),
    "a sparse array": ("transpose",),
    "AnnData": ("label_column", "color_column", "name_column", "use_rep", "missing"),
    "a folder": (),
}


@dataclass(frozen=True)
class Options:
    """What `fasttsne.tables.read` can be told of a file.

    Attributes
    ----------
    label_column : str or int, optional
        Column with the labels: its name, or its index from 0, negative ones from the end. Texts
        are classes. Numbers are classes, too, if they are whole and no more than 40 different ones,
        and otherwise values on a scale. Of a file of several arrays, the name of the array.
    color_column : str or int, optional
        Column of numbers to show on a scale in the place of classes; of landmarks 'valence' or
        'arousal'.
    name_column : str or int, optional
        Column with the names of the rows, as ``label_column``; 0 for word vectors.
    columns, drop_columns : sequence of str or int
        Columns of data to keep or to leave out: names, patterns such as 'AU*_r', or indices.
        Default: all columns but those of labels, names and row numbers.
    header : bool, optional
        Whether the first row of a table holds the names of the columns. Default: found out.
    key : str, optional
        Name of the array with the data in a file of several. Default: 'X', or the only matrix.
    use_rep : str, optional
        Of AnnData: a key of ``obsm``, or 'X'. Default: 'X_pca' if there is one, and otherwise 'X'.
    transpose : bool, default=False
        Rows of the file are columns of the data.
    missing : {'drop-rows', 'drop-columns', 'mean'}, optional
        What to do with missing values: leave out their rows, leave out their columns, or fill in
        the mean of the column. By default they are an error.
    features : str, optional
        Features to compute from landmarks, one of ``fasttsne.landmarks.FEATURES``. Default:
        'procrustes'.
    group : {'clip', 'person'}, optional
        Of landmarks: what is left out together when a classifier is tested. Default: 'clip'.
    root, classes, max_clips, max_frames, every, drop_neutral, min_confidence, size
        Which landmarks are read, see `fasttsne.landmarks.read`; ``max_frames`` is that of a clip.
    """

    label_column: str | int | None = None
    color_column: str | int | None = None
    name_column: str | int | None = None
    columns: Sequence[str | int] = ()
    drop_columns: Sequence[str | int] = ()
    header: bool | None = None
    key: str | None = None
    use_rep: str | None = None
    transpose: bool = False
    missing: str | None = None
    features: str | None = None
    group: str | None = None
    root: str | os.PathLike[str] | None = None
    classes: Sequence[str] = ()
    max_clips: int = 0
    max_frames: int = 0
    every: int = 1
    drop_neutral: bool = False
    min_confidence: float = 0.0
    size: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name, allowed in (("missing", MISSING), ("group", GROUPS)):
            value = getattr(self, name)
            if value is not None and value not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}; got {value!r}")
        if self.features is not None:
            from ..landmarks.catalog import check_name

            check_name("features", self.features)
        if self.columns and self.drop_columns:
            raise ValueError("columns and drop_columns must not both be given")
        if self.label_column is not None and self.color_column is not None:
            raise ValueError("label_column and color_column must not both be given")
        if self.transpose and self.given() & {"label_column", "color_column", "name_column"}:
            raise ValueError("columns of the file are no labels or names where transpose is True")

    def given(self) -> set[str]:
        """Return the names of the options that are not at their defaults.

        Returns
        -------
        set of str
        """
        return {field.name for field in fields(self) if getattr(self, field.name) != field.default}

    def check(self, path: Path, form: str) -> None:
        """Check that each option means something for a form of files.

        Parameters
        ----------
        path : Path
            The file, for the message.
        form : str
            What it is, such as 'a table of text'.

        Raises
        ------
        ValueError
            An option that was given does not apply to this form.
        """
        for name in sorted(self.given() - set(_APPLIES_TO[form])):
            forms = [other for other, names in _APPLIES_TO.items() if name in names]
            raise ValueError(f"{path}: is {form}; {name} applies to {_either(forms)} only")


def _either(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
