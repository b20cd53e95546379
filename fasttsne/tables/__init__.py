"""Tables in files: reading data, writing maps.

Everything is checked as it is read, so that a bad cell is reported with its file, line and column
and not as a NaN in the map; and a file is written under a temporary name and then renamed, so
that what stands under the final name is always complete.
"""

from .files import check_writable, replacing
from .reading import INPUTS, read
from .table import LabelNames, Table
from .writing import OUTPUTS, as_json, check_output, write

__all__ = [
    "INPUTS",
    "OUTPUTS",
    "LabelNames",
    "Table",
    "as_json",
    "check_output",
    "check_writable",
    "read",
    "replacing",
    "write",
]
