"""The descent as a GPU runs it, on a CPU: graphs of iterations, and bounds that are read late."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import torch
from sample import points
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from fasttsne import initialization
from fasttsne.affinities import Perplexity
from fasttsne.descent import replay
from fasttsne.descent.bounds import TrackedBounds
from fasttsne.descent.constraints import check_constraints
from fasttsne.descent.mesh import Mesh
from fasttsne.descent.optimize import minimize_kl
from fasttsne.descent.repulsion import BarnesHut, Exact
from fasttsne.neighbors.exact import exact_neighbors
from fasttsne.schedule import Phase


def tensors_in(values):
    return [value for value in tree_leaves(values) if isinstance(value, torch.Tensor)]


class Graph:
    """Calls that were noted, to be repeated with the tensors of that time, at their addresses."""

    made = replayed = 0

    def __init__(self):
        self.calls = []
        Graph.made += 1

    def replay(self):
        Graph.replayed += 1
        for function, args, kwargs, results in self.calls:
            again = function(*args, **kwargs)
            for old, new in zip(tensors_in(results), tensors_in(again), strict=True):
                if old.data_ptr() != new.data_ptr():
                    old.copy_(new)


class Capture(TorchDispatchMode):
    """Notes calls. What they write is put back, as a capture runs nothing."""

    def __init__(self, graph, may_read):
        super().__init__()
        self.graph, self.may_read, self.before = graph, may_read, []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        """Note one call."""
        if "_local_scalar_dense" in str(function):
            # On a GPU this would end the capture. On a CPU the mesh looks at Z in each iteration.
            assert self.may_read, "a capture must not read a tensor"
            return function(*args, **(kwargs or {}))
        names = [argument.name for argument in function._schema.arguments]
        given = dict(zip(names, args, strict=False)) | (kwargs or {})
        for argument in function._schema.arguments:
            if argument.alias_info is not None and argument.alias_info.is_write:
                for value in tensors_in(given.get(argument.name)):
                    self.before.append((value, value.clone()))
        results = function(*args, **(kwargs or {}))
        self.graph.calls.append((function, args, kwargs or {}, results))
        return results


@pytest.fixture
def like_a_gpu(monkeypatch, request):
    """Have maps on a CPU treated as those on a GPU are: return a switch for graphs."""
    begin = TrackedBounds.__init__

    def begin_late(self, Y):
        begin(self, Y)
        self._waits = True

    @contextmanager
    def capture(graph, stream, capture_error_mode):
        mode = Capture(graph, may_read="Mesh" in str(request.node.name))
        with mode:
            yield
        for tensor, value in reversed(mode.before):
            tensor.copy_(value)

    monkeypatch.setattr(TrackedBounds, "__init__", begin_late)
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: None)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", capture)
    Graph.made = Graph.replayed = 0
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the calls of other threads would not be noted

    def use_graphs(on):
        kernels = SimpleNamespace(kernels_on=lambda device: "cuda" if on else "cpu")
        monkeypatch.setattr(replay, "_library", kernels)

    yield use_graphs
    torch.set_num_threads(threads)


@pytest.mark.parametrize("dims, held", [(1, False), (2, False), (2, True)])
@pytest.mark.parametrize(
    "repulsion",
    [lambda: Exact(1.0), lambda: BarnesHut(1.0, 0.5), lambda: Mesh(1.0, Mesh.STEP)],
    ids=["Exact", "BarnesHut", "Mesh"],
)
def test_replayed_iterations_do_what_others_do(like_a_gpu, repulsion, dims, held):
    X = points("clustered", 700, 10)
    P = Perplexity(15).joint(exact_neighbors(X, 45))
    start = initialization.random(700, dims, seed=0)
    constraints = None
    if held:
        anchors = points("normal", 700, dims, seed=1)
        constraints = check_constraints([1, 2, 3], anchors, 2.0, 700, dims, True)
    phases = [
        Phase(40, exaggeration=12, learning_rate=50.0, momentum=0.5, compression=1e-3),
        Phase(40, exaggeration=4, learning_rate=50.0, momentum=0.8),
        Phase(60, exaggeration=1, learning_rate=100.0, momentum=0.8),
    ]
    results = []
    for on in (False, True):
        like_a_gpu(on)
        results.append(minimize_kl(P, start.clone(), phases, repulsion(), constraints=constraints))
    assert torch.equal(results[0].embedding, results[1].embedding)
    assert results[0].kl_divergence == results[1].kl_divergence
    assert Graph.made >= 3 and Graph.replayed > 60


class Watched(Mesh):
    """A mesh that notes whether its grid holds the map; it would move points that lie outside."""

    outside = asked = 0

    def prepare(self, Y, low, high):
        """Make the grid, and look."""
        grid = super().prepare(Y, low, high)
        low, high = (Y.new_tensor(bound) for bound in grid.bounds)
        Watched.asked += 1
        Watched.outside += bool((Y.amin(0) < low).any() or (Y.amax(0) > high).any())
        return grid


def test_grids_by_bounds_that_are_read_late_hold_the_map(like_a_gpu, monkeypatch):
    X = points("clustered", 900, 10)
    P = Perplexity(15).joint(exact_neighbors(X, 45))
    reads = []
    read = TrackedBounds.read

    def counted(self, statistics, now):
        reads.append(read(self, statistics, now))
        return reads[-1]

    monkeypatch.setattr(TrackedBounds, "read", counted)
    like_a_gpu(False)
    Watched.outside = Watched.asked = 0
    # The map has settled when the exaggeration ends, and then grows at once.
    phases = [Phase(150, exaggeration=12, momentum=0.5), Phase(150, momentum=0.8)]
    for seed in range(3):
        minimize_kl(P, initialization.random(900, 2, seed=seed), phases, Watched(1.0, Mesh.STEP))
    assert Watched.asked > 800 and Watched.outside == 0
    assert sum(result is None for result in reads) > 50  # of the iterations nobody waited for
