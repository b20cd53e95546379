"""Tensors that torch negates or conjugates only when they are read: x.conj().imag is one."""

import inspect

import pytest
import torch
from sample import points

from fasttsne import ops
from fasttsne.ops.table import torch_ops


def lazily_negated(t):
    view = torch._neg_view(-t)
    assert view.is_neg() and torch.equal(view, t)
    return view


X = points("normal", 12, 2)
N = len(X)


def arguments():
    return {
        "mesh_spread_": dict(
            Y=X, grid=torch.zeros(20, 20), origin=torch.full((2,), -5.0), step=0.5
        ),
        "update_embedding_": dict(
            Y=X.clone(),
            velocity=torch.zeros_like(X),
            gains=torch.ones_like(X),
            attractive=X.flip(0).contiguous(),
            repulsive=X.roll(1, 0),
            Z=torch.tensor(3.0, dtype=torch.float64),
            exaggeration=4.0,
            learning_rate=10.0,
            momentum=0.5,
            max_step=1.0,
        ),
        "knn_scan_": dict(
            X=X,
            sq_norms=X.square().sum(1),
            keys=torch.zeros(N, 8, dtype=torch.int64),
            count=torch.zeros(N, dtype=torch.int32),
            bound=torch.full((N,), torch.inf),
            keep=4,
            blocks=torch.tensor([0, N]),
            tiles=torch.tensor([[0, 0]]),
        ),
    }


WRITTEN = [
    (name, argument.name)
    for name in arguments()
    for argument in getattr(torch_ops, name).default._schema.arguments
    if argument.is_write
]
READ = [
    (name, key)
    for name, given in arguments().items()
    for key, value in given.items()
    if isinstance(value, torch.Tensor) and (name, key) not in WRITTEN and value.is_floating_point()
]


def test_all_ops_that_write_are_here():
    names = {argument[0] for argument in WRITTEN}
    assert names == {name for name in ops.__all__ if name.endswith("_")}


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("name, written", WRITTEN)
def test_one_that_is_written_to_is_refused(name, written, direct):
    given = arguments()[name]
    given[written] = torch._neg_view(given[written].clone())
    before = {k: v.clone() for k, v in given.items() if isinstance(v, torch.Tensor)}
    function = getattr(torch_ops, name) if direct else getattr(ops, name)
    with (
        torch.inference_mode(),
        pytest.raises(
            TypeError, match=f"{written} is changed in place and must not be a negated view: assign"
        ),
    ):
        function(*given.values())
    assert all(torch.equal(given[k], before[k]) for k in before)


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("name, read", READ)
def test_one_that_is_read_is_read_as_what_it_stands_for(name, read, direct):
    plain, given = arguments()[name], arguments()[name]
    given[read] = lazily_negated(given[read])
    function = getattr(torch_ops, name) if direct else getattr(ops, name)
    expected, found = function(*plain.values()), function(*given.values())
    assert (expected is None and found is None) or torch.equal(expected, found)
    for key, value in plain.items():
        assert torch.equal(torch.as_tensor(given[key]), torch.as_tensor(value)), key


def test_conjugated_ones_are_refused_too():
    given = arguments()["mesh_spread_"]
    given["grid"] = torch.zeros(20, 20, dtype=torch.complex64).conj()
    with pytest.raises(
        TypeError, match="grid is changed in place and must not be a conjugated view"
    ):
        torch_ops.mesh_spread_(*given.values())


def test_the_order_of_the_arguments_is_that_of_the_wrappers():
    for name, given in arguments().items():
        assert list(given) == list(inspect.signature(getattr(ops, name)).parameters)
