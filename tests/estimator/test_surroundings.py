"""What the caller has set in torch changes no result: dtype, device, autocast, precision, modes."""

import ast
import contextlib
import io
import re
import subprocess
import sys
from functools import cache
from itertools import product
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch
from scipy import sparse
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

import fasttsne
from fasttsne import (
    TSNE,
    Snapshots,
    affinities,
    comparison,
    datasets,
    landmarks,
    metrics,
    plot,
    reference,
)
from fasttsne.grid import to_grid
from fasttsne.initialization import rescale, spectral
from fasttsne.neighbors import cells
from fasttsne.nn import (
    EmbeddingMap,
    ParametricTSNE,
    TSNELoss,
    activations,
    pair_loader,
    pairs_of,
)
from fasttsne.page import write

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "fasttsne"


@contextlib.contextmanager
def changed(change, wanted, before):
    change(wanted)
    try:
        yield
    finally:
        change(before)


@contextlib.contextmanager
def strict():
    """No gradients, nothing but deterministic algorithms, NaN wherever memory was not written."""
    with (
        torch.no_grad(),
        changed(torch.use_deterministic_algorithms, True, False),
        changed(torch.set_flush_denormal, True, False),
    ):
        yield


SURROUNDINGS = {
    "float64": lambda: changed(torch.set_default_dtype, torch.float64, torch.float32),
    "bfloat16": lambda: changed(torch.set_default_dtype, torch.bfloat16, torch.float32),
    "device": lambda: changed(torch.set_default_device, "meta", None),
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "medium": lambda: changed(torch.set_float32_matmul_precision, "medium", "highest"),
    "inference": torch.inference_mode,
    "strict": strict,
}

N = 150


def data(n=N, d=6, seed=0):
    """Four groups, in float64."""
    generator = np.random.default_rng(seed)
    return 5 * generator.integers(0, 2, (n, 2)) @ np.ones((2, d)) + generator.normal(size=(n, d))


def tensor(array=None):
    return torch.from_numpy(data() if array is None else array).float()


def labels():
    return np.arange(N) % 4


def fit(X=None, **parameters):
    parameters = {"perplexity": 10, "max_iter": 20, "random_state": 0, **parameters}
    return TSNE(**parameters).fit(data() if X is None else X)


def embedded(X=None, **parameters):
    fitted = fit(X, **parameters)
    return fitted.embedding_, fitted.kl_divergence_


def placed(start="weighted", **parameters):
    return fit(**parameters).transform(data(20, seed=1), start=start)


def resumed(tmp_path):
    path = tmp_path / "fit.pt"
    first = fit(checkpoint=path, checkpoint_every=15).embedding_
    again = TSNE.resume(path, data())
    return first, again.embedding_, again.transform(data(20, seed=1))


def watched():
    frames = Snapshots()
    embedded(callback=frames, callback_every=7)
    return [(kl, Y) for _, kl, Y in frames]


def some_P(**parameters):
    return affinities.joint_affinities(data(), 10, **parameters)


def some_map():
    return tensor(data()[:, :2].copy())


def loss_of(**parameters):
    """Value of the loss, of that of half the pairs, and the gradients where there are any."""
    loss, pairs = TSNELoss(some_P(), **parameters), pairs_of(some_P())
    pij, i, j = (part[: len(part) // 2] for part in pairs)
    found = []
    for function in (loss, lambda Y: loss.pairs(Y, i, j), lambda Y: loss.pairs(Y, i, j, pij)):
        Y = some_map().requires_grad_()
        value = function(Y)
        assert value.dtype == torch.float32
        found += [value.detach(), torch.autograd.grad(value, Y)[0] if value.requires_grad else 0]
    return found[::2], found[1::2]


def small_cells():
    """A fit whose neighbours come from small cells, as those of many rows do."""
    with mock.patch.multiple(cells, _FIRST_BUDGET=64, _ROWS_OVER_BUDGET=1):
        return embedded(data(1500), neighbors="cells", max_iter=10)


def dealt():
    """Batches, without torch's own DataLoader, which fails where the default device is meta."""
    loader = pair_loader(some_P(), 1000)
    return [loader.dataset[some] for some in loader.sampler]


def referred():
    """What the references compute where there are no kernels."""
    X, Y, P = tensor(), some_map(), some_P()
    keys = torch.zeros(N, 40, dtype=torch.int64, device="cpu")
    count = torch.zeros(N, dtype=torch.int32, device="cpu")
    bound = torch.full((N,), torch.inf, dtype=torch.float32, device="cpu")
    blocks, tile = (torch.tensor(x, device="cpu") for x in ([0, 70, N], [[0, 1]]))
    reference.knn_scan_(X, X.square().sum(1), keys, count, bound, 20, blocks, tile)
    charges = torch.zeros(32, 32, dtype=torch.float32, device="cpu")
    mesh = torch.tensor([-8.0, -8.0], dtype=torch.float32, device="cpu"), 1.0
    reference.mesh_spread_(Y, charges, *mesh)
    return [
        (keys, count, bound, charges),
        reference.knn_rerank(X, keys, count, bound, 20, 10),
        reference.knn(X, 10),
        reference.knn_cells(
            *(X, X, X.square().sum(1)),
            *(torch.tensor(x, device="cpu") for x in ([0, 70, N], [[0, N]], [0, 2], [0, 1])),
            *(20, 10),
        ),
        reference.perplexity_search(reference.knn(X, 10)[1], 5.0),
        reference.symmetrize(reference.knn(X, 10)[0], torch.ones_like(X[:, :1]).expand(N, 10)),
        reference.attractive_forces(*P, Y, 1.0, True),
        reference.repulsive_exact(Y, 1.0),
        reference.repulsive_sne(Y, True),
        reference.repulsive_sne(Y, False),
        reference.mesh_gather(Y, charges, *mesh),
    ]


def drawn(draw):
    file = io.BytesIO()
    draw().savefig(file, format="raw")
    return np.frombuffer(file.getvalue(), np.uint8)


def page(tmp_path):
    write(tmp_path / "map.html", some_map(), labels())
    return (tmp_path / "map.html").read_text()


def trained(dtype, **parameters):
    """An encoder after two epochs; torch's own Adam fails where the default device is meta."""
    parameters = {"optimizer": torch.optim.SGD, **parameters}
    return ParametricTSNE(
        encoder_of(dtype), 10, n_epochs=2, batch_size=80, random_state=0, **parameters
    ).fit(data())


def parametric():
    model = trained(torch.float32)
    return model.transform(data()), model.transform(tensor()), model.losses_


def encoder_of(dtype, d=6):
    """A line with given weights, whatever the surroundings are."""
    with torch.inference_mode(False):
        encoder = nn.Linear(d, 2, device="cpu", dtype=dtype)
    weights = torch.from_numpy(np.random.default_rng(0).normal(size=(2, d)))
    with torch.no_grad():
        encoder.weight.copy_(weights)
        encoder.bias.zero_()
    return encoder


def sparse_data():
    X = data()
    return sparse.csr_array(np.where(X > 1, X, 0))


USES = {
    "fit auto": embedded,
    "fit tensor": lambda: embedded(tensor()),
    "fit integers": lambda: embedded((100 * data()).astype(np.int64)),
    "fit exact": lambda: embedded(method="exact"),
    "fit barnes_hut": lambda: embedded(method="barnes_hut"),
    "fit fft": lambda: embedded(method="fft"),
    "fit fft 3-D": lambda: embedded(method="fft", n_components=3),
    "fit 1-D": lambda: embedded(method="fft", n_components=1),
    "fit 4-D": lambda: embedded(method="exact", n_components=4),
    "fit wider than data": lambda: embedded(data(d=1)),
    "fit random": lambda: embedded(init="random"),
    "fit spectral": lambda: embedded(init="spectral"),
    "fit array": lambda: embedded(init=data(d=2)),
    "fit cells": lambda: embedded(data(1500), neighbors="cells", max_iter=10),
    "fit small cells": small_cells,
    "fit sparse": lambda: embedded(sparse_data()),
    "fit cosine": lambda: embedded(metric="cosine", neighbors="exact"),
    "fit manhattan": lambda: embedded(metric="manhattan"),
    "fit multiscale": lambda: embedded(affinities=affinities.Multiscale([5, 20], mixture=True)),
    "fit averaged": lambda: embedded(affinities=affinities.Multiscale([5, 20])),
    "fit fixed": lambda: embedded(affinities=affinities.FixedSigma(1.0, 20)),
    "fit uniform": lambda: embedded(affinities=affinities.Uniform(10)),
    "fit P": lambda: embedded(affinities=some_P().to_scipy()),
    "fit sne": lambda: embedded(objective="sne"),
    "fit symmetric_sne": lambda: embedded(objective="symmetric_sne"),
    "fit dof": lambda: embedded(dof=0.6),
    "watch": watched,
    "resume": resumed,
    "transform": placed,
    "transform median": lambda: placed("median"),
    "transform sum": lambda: placed(dof=3.0),
    "transform gauss": lambda: placed(objective="sne"),
    "transform cells": lambda: placed(neighbors="cells"),
    "joint_affinities": some_P,
    "given_affinities": lambda: affinities.given_affinities(some_P().to_scipy()),
    "rescale": lambda: rescale(data()),
    "spectral": lambda: spectral(some_P().to_scipy(), 2, 0),
    "kl exact": lambda: metrics.kl_divergence(some_P(), some_map()),
    "kl approximate": lambda: metrics.kl_divergence(
        affinities.joint_affinities(data(1600), 10), data(1600, 2), method="approximate"
    ),
    "trustworthiness": lambda: metrics.trustworthiness(data(), some_map()),
    "continuity": lambda: metrics.continuity(tensor(), some_map(), n_sample=50),
    "neighbor_recall": lambda: metrics.neighbor_recall(data(), some_map()),
    "label_accuracy": lambda: metrics.label_accuracy(some_map(), labels()),
    "distances": lambda: metrics.pairwise_distance_correlation(data(), some_map()),
    "silhouette": lambda: metrics.silhouette(some_map(), labels()),
    "silhouettes": lambda: [*metrics.silhouette_by_label(some_map(), labels()).values()],
    "beside PCA": lambda: [*comparison.beside_pca(data().tolist(), some_map()).values()],
    "measures": lambda: [
        *comparison.measures(data(), some_map(), labels(), group=np.arange(N) % 7).values()
    ],
    "report": lambda: [*metrics.report(data(), some_map(), labels(), perplexity=9).values()],
    "grid": lambda: to_grid(some_map())[0],
    "loss exact": lambda: loss_of(method="exact"),
    "loss barnes_hut": lambda: loss_of(method="barnes_hut"),
    "reference": referred,
    "loss fft": lambda: loss_of(method="fft", exaggeration=4),
    "embedding map": lambda: [
        EmbeddingMap(20)().detach(),
        EmbeddingMap(N, 6, init=data())(torch.from_numpy(np.arange(9))).detach(),
    ],
    "pair loader": dealt,
    "parametric": parametric,
    "activations": lambda: activations(encoder_of(torch.float64), [tensor().double()], ""),
    "plot": lambda: drawn(lambda: plot.compare(data(), some_map(), labels())),
    "page": page,
    "landmarks": lambda: [
        landmarks.features(datasets.make_landmark_frames(40, seed=0), name)
        for name in ("procrustes", "actions", "expression")
    ],
}


@pytest.fixture(scope="module")
def use(tmp_path_factory):
    def run(name):
        function = USES[name]
        files = function in (resumed, page)
        return function(tmp_path_factory.mktemp("use")) if files else function()

    return run


@pytest.fixture(scope="module")
def undisturbed(use):
    return cache(use)


def same_bits(a, b):
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same_bits, a, b))
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.device == b.device and torch.equal(a, b)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    return type(a) is type(b) and a == b


@pytest.mark.parametrize(
    "name, surroundings",
    # An encoder is the user's, and so is its autocast: see below.
    [both for both in product(USES, SURROUNDINGS) if both != ("parametric", "autocast")],
)
def test_no_bit_depends_on_the_surroundings(name, surroundings, use, undisturbed):
    expected = undisturbed(name)
    with SURROUNDINGS[surroundings]():
        actual = use(name)
    if name.startswith("loss ") and surroundings in ("inference", "strict"):
        expected, actual = expected[0], actual[0]  # there are no gradients
    assert same_bits(actual, expected)


def test_what_inference_mode_made_serves_outside_of_it():
    with torch.inference_mode():
        fitted, loss, P = fit(tensor()), TSNELoss(some_P()), some_P()
    again = fit(tensor())
    new = tensor(data(20, seed=1))
    assert same_bits(fitted.transform(new), again.transform(new))
    Y = some_map().requires_grad_()
    pij, i, j = pairs_of(P)
    value = loss(Y) + loss.pairs(Y, i, j) + loss.pairs(Y, i[:9], j[:9], pij[:9])
    (gradient,) = torch.autograd.grad(value, Y)
    assert gradient.isfinite().all() and gradient.any()


# --- encoders and losses in other dtypes ---------------------------------------------------------


def test_an_encoder_in_float64_learns_as_one_in_float32():
    wide, plain = (trained(dtype) for dtype in (torch.float64, torch.float32))
    assert wide.encoder.weight.dtype == torch.float64
    assert wide.losses_ == pytest.approx(plain.losses_, rel=1e-4)
    torch.testing.assert_close(wide.encoder.weight.float(), plain.encoder.weight)
    Y = wide.transform(tensor())
    assert Y.dtype == torch.float32
    torch.testing.assert_close(Y, plain.transform(tensor()), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("by_autocast", [False, True])
def test_an_encoder_in_half_precision_learns(dtype, by_autocast):
    seen = []

    class Watched(nn.Linear):
        def forward(self, X):
            Y = super().forward(X)
            seen.append((X.dtype, Y.dtype))
            return Y

    encoder = Watched(6, 2)
    encoder.load_state_dict(encoder_of(torch.float32).state_dict())
    encoder = encoder if by_autocast else encoder.to(dtype)
    before = encoder.weight.detach().clone()
    model = ParametricTSNE(
        encoder, 10, n_epochs=3, batch_size=80, random_state=0, optimizer=torch.optim.SGD,
        learning_rate=0.1, early_exaggeration=1,
    )  # fmt: skip
    with torch.autocast("cpu", dtype) if by_autocast else contextlib.nullcontext():
        Y = model.fit_transform(data())
    assert set(seen) == {(torch.float32 if by_autocast else dtype, dtype)}
    assert encoder.weight.dtype == encoder.weight.grad.dtype == before.dtype
    assert Y.dtype == np.float32 and np.isfinite(Y).all()
    assert model.losses_[-1] < model.losses_[0] and not torch.equal(encoder.weight, before)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("by_pairs", [False, True])
def test_a_loss_takes_half_maps_under_autocast_alone(dtype, by_pairs):
    loss = TSNELoss(some_P())
    pij, i, j = pairs_of(some_P())

    def value_of(Y):
        return loss.pairs(Y, i, j, pij) if by_pairs else loss(Y)

    half = some_map().to(dtype).requires_grad_()
    full = half.detach().float().requires_grad_()
    with torch.autocast("cpu", dtype):
        value, expected = value_of(half), value_of(full)
    assert value.dtype == torch.float32 and value == expected == value_of(full)
    value.backward()
    expected.backward()
    assert half.grad.dtype == dtype and torch.equal(half.grad, full.grad.to(dtype))
    with pytest.raises(TypeError, match=f"Y must be torch.float32, .* got {dtype}"):
        value_of(half)


def test_a_map_is_trained_under_autocast_to_the_same_bits():
    def run():
        model, loss = EmbeddingMap(N, init=some_map()), TSNELoss(some_P())
        optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            loss(model()).backward()
            optimizer.step()
        return model().detach()

    with torch.autocast("cpu", torch.bfloat16):
        disturbed = run()
    assert same_bits(disturbed, run())


# --- tensors that require gradients --------------------------------------------------------------


@pytest.mark.filterwarnings("error")
def test_measures_of_what_requires_gradients_are_those_of_its_numbers():
    X, Y, P = tensor().requires_grad_(), some_map().requires_grad_(), some_P()
    with_gradients = P._replace(values=P.values.clone().requires_grad_())
    for measure in (
        metrics.trustworthiness,
        metrics.continuity,
        metrics.neighbor_recall,
        metrics.pairwise_distance_correlation,
    ):
        assert measure(X, Y) == measure(X.detach(), Y.detach())
    for measure in (metrics.label_accuracy, metrics.silhouette, metrics.silhouette_by_label):
        assert measure(Y, labels()) == measure(Y.detach(), labels())
        with pytest.raises(TypeError, match="labels must be integers or strings"):
            measure(Y, Y[:, 0])
    for method in ("exact", "approximate"):
        expected = metrics.kl_divergence(P, Y.detach(), method=method)
        assert metrics.kl_divergence(with_gradients, Y, method=method) == expected
    assert (with_gradients.to_scipy() != P.to_scipy()).nnz == 0


@pytest.mark.filterwarnings("error")
def test_a_loss_is_differentiable_in_pij_and_refuses_a_whole_p_that_requires_gradients():
    P = affinities.joint_affinities(data(20), 5)
    Y = some_map()[:20].double().requires_grad_()
    loss = TSNELoss(P, method="exact")
    pij, i, j = (part[:30] for part in pairs_of(P))
    pij = (0.1 + pij.double()).requires_grad_()
    assert torch.autograd.gradcheck(lambda pij, Y: loss.pairs(Y, i, j, pij), (pij, Y))
    with_gradients = P._replace(values=P.values.clone().requires_grad_())
    with pytest.raises(ValueError, match=r"P must not require gradients, .* detached"):
        TSNELoss(with_gradients)
    assert pairs_of(with_gradients).pij.requires_grad


# --- the kinds, at run time ----------------------------------------------------------------------


class FloatProducts(TorchDispatchMode):
    """Lists products of float32 matrices: these alone follow autocast, TF32 and the like."""

    PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "linear", "convolution", "einsum")

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        if name in self.PRODUCTS:
            self.found += [
                name for t in args if isinstance(t, torch.Tensor) and t.dtype != torch.float64
            ]
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", [name for name in USES if name != "parametric"])
def test_no_product_of_matrices_is_in_float32(name, use):
    # A mode sees what its own thread does.
    with changed(torch.set_num_threads, 1, torch.get_num_threads()), FloatProducts() as products:
        use(name)
    assert not products.found


def test_the_mode_finds_what_it_looks_for():
    X = tensor()
    with FloatProducts() as products:
        X.double() @ X.double().T
        assert not products.found
        X @ X.T
    assert products.found


# --- and by a look at the code -------------------------------------------------------------------

# What takes its device from the caller's default unless told, and its dtype, but for whole numbers.
FLOATS = {
    *("asarray", "as_tensor", "empty", "empty_strided", "eye", "full", "linspace", "logspace"),
    *("normal", "ones", "rand", "randn", "scalar_tensor", "sparse_coo_tensor", "tensor", "zeros"),
    *("sparse_csr_tensor", "sparse_compressed_tensor", "hann_window"),
}
INTEGERS = {"arange", "randint", "randperm", "tril_indices", "triu_indices", "Generator"}
# These make a tensor of the default type, whatever is asked for.
NEVER = {"Tensor", "FloatTensor", "DoubleTensor", "get_default_dtype", "get_default_device"}


def factories(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "torch":
                yield node


def unnamed(source):
    """Lines of a source whose tensors depend on the caller's defaults."""
    for call in factories(source):
        name, given = call.func.attr, {keyword.arg for keyword in call.keywords}
        if name == "Generator" and call.args:
            given.add("device")
        if (
            name in NEVER
            or (name in FLOATS and not {"dtype", "device"} <= given)
            or (name in INTEGERS and "device" not in given)
        ):
            yield call.lineno


def test_the_scan_finds_what_it_looks_for():
    bad = (
        "torch.zeros(3)\ntorch.zeros(3, device=d)\ntorch.zeros(3, dtype=t)\ntorch.arange(n)\n"
        "torch.Generator()\ntorch.tensor([1.0], device=d)\ntorch.Tensor(2)\n"
    )
    good = (
        "torch.zeros(3, dtype=t, device=d)\ntorch.arange(n, device=d)\ntorch.zeros_like(x)\n"
        "torch.Generator('cpu')\nx.new_zeros(3)\nnp.zeros(3)\ntorch.Generator(device=d)\n"
    )
    assert [*unnamed(bad)] == [*range(1, 8)] and not [*unnamed(good)]


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda f: f.stem)
def test_every_factory_names_dtype_and_device(file):
    lines = [*unnamed(file.read_text())]
    assert not lines, f"{file.name}, lines {lines}: name dtype and device"


# --- the package's own namespace -----------------------------------------------------------------

MODULES = sorted(
    {file.stem for file in PACKAGE.glob("[a-z]*.py")}.union(
        file.parent.name for file in PACKAGE.glob("[a-z]*/__init__.py")
    )
)


def in_new_process(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_every_module_loads_on_first_use():
    # In a new process, where nothing has imported them.
    code = f"import fasttsne\nfor name in {MODULES}: print(getattr(fasttsne, name).__name__)"
    assert in_new_process(code) == [f"fasttsne.{name}" for name in MODULES]


def test_dir_lists_modules_and_functions():
    assert {*MODULES, *fasttsne.__all__} <= {*dir(fasttsne)}
    assert not {name for name in dir(fasttsne) if not hasattr(fasttsne, name)}


def test_import_stays_cheap():
    code = (
        "import sys, torch; before = {*sys.modules}; import fasttsne; dir(fasttsne)\n"
        "print(*{name for name in {*sys.modules} - before})"
    )
    own = {"_config", "_library", "_version"}
    assert {*in_new_process(code)} <= {"fasttsne", *(f"fasttsne.{name}" for name in own)}


def test_type_checkers_see_every_documented_module():
    pages = "".join(page.read_text() for page in (ROOT / "docs" / "api").glob("*.rst"))
    documented = {*re.findall(r"fasttsne\.(\w+)", pages)} & {*MODULES}
    seen = {
        alias.asname
        for node in ast.walk(ast.parse((PACKAGE / "__init__.py").read_text()))
        if isinstance(node, ast.ImportFrom) and node.module is None
        for alias in node.names
    }
    assert len(documented) > 10 and seen == documented


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'fasttsne' has no attribute 'nothing'"):
        fasttsne.nothing  # noqa: B018
    with pytest.raises(ImportError):
        from fasttsne import nothing  # noqa: F401


def test_what_a_module_lacks_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    monkeypatch.delitem(sys.modules, "fasttsne.estimator")
    monkeypatch.delattr(fasttsne, "estimator", raising=False)
    with pytest.raises(ImportError, match=r"sklearn\.base"):
        fasttsne.estimator  # noqa: B018
