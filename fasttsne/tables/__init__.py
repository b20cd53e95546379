"""Tables in files: reading data, writing maps.

Data is checked while it is read, so that an error names the file, line and column of a bad cell. A
file is written under a temporary name and then renamed, so that an incomplete file never has the
final name.
"""

from .files import check_writable, replacing
from .formats import as_json
from .options import Options
from .projector import write_projector
from .reading import INPUTS, read
from .table import LabelNames, Table
from .writing import OUTPUTS, check_output, write

__all__ = [
    "INPUTS",
    "OUTPUTS",
    "LabelNames",
    "Options",
    "Table",
    "as_json",
    "check_output",
    "check_writable",
    "read",
    "replacing",
    "write",
    "write_projector",
]
