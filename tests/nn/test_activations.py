"""activations: what layers put out over a data set."""

import pytest
import torch
from sample import over_devices, points
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from fasttsne.nn import activations


def network(device="cpu"):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Flatten(),
        nn.Sequential(nn.Linear(3 * 4 * 4, 7), nn.ReLU(inplace=True)), nn.Linear(7, 2),
    ).to(device)  # fmt: skip


def images(device="cpu"):
    return points("normal", 25, 36, device).reshape(25, 1, 6, 6)


def state_of(model):
    hooks = [len(module._forward_hooks) for module in model.modules()]
    return [module.training for module in model.modules()], hooks


@over_devices
def test_activations_are_the_layer_outputs(device):
    model, X = network(device), images()
    model.train()
    model[1].eval()
    before = state_of(model)
    loader = DataLoader(TensorDataset(X, torch.arange(25)), batch_size=10)
    found = activations(model, loader, "5.0")
    assert state_of(model) == before
    assert found.device.type == "cpu" and not found.requires_grad
    model.eval()
    with torch.no_grad():
        # The ReLU that follows works in place.
        expected = model[5][0](model[:5](X.to(device)))
    assert (expected < 0).any()
    torch.testing.assert_close(found, expected.cpu())


def test_several_layers_at_once_and_tensors_as_batches():
    model, X = network().eval(), images()
    found = activations(model, X.split(7), ["0", "6", ""])
    assert list(found) == ["0", "6", ""]
    with torch.no_grad():
        torch.testing.assert_close(found["0"], model[0](X).flatten(1))
        torch.testing.assert_close(found[""], model(X))
    assert torch.equal(found["6"], found[""])


def test_a_module_of_two_names_has_both():
    layer = nn.Identity()
    model = nn.ModuleDict({"a": layer, "b": layer})
    model.forward = lambda x: model["b"](x)
    found = activations(model, [torch.ones(2, 3)], ["a", "b"])
    assert torch.equal(found["a"], torch.ones(2, 3)) and torch.equal(found["a"], found["b"])


@pytest.mark.parametrize(
    "loader, layer, error, message",
    [
        ([images()], "7", ValueError, r"layer must be .* '5.0', '5.1', '6'; got '7'"),
        ([], "0", ValueError, "loader must yield 1 batch or more, got none"),
        ([{"x": 1}], "0", TypeError, "loader must yield tensors, .* got dict"),
        ([("x", 1)], "0", TypeError, "loader must yield tensors, .* got tuple"),
        ([images(), torch.zeros(2, 5)], "0", RuntimeError, "conv2d"),
    ],
)
def test_bad_input_is_named_and_leaves_the_model_alone(loader, layer, error, message):
    model = network()
    before = state_of(model)
    with pytest.raises(error, match=message):
        activations(model, loader, layer)
    assert state_of(model) == before


class Odd(nn.Module):
    """A layer that runs twice, one that does not run, one whose output is a tuple."""

    def __init__(self):
        super().__init__()
        self.twice, self.never, self.tuple = nn.Identity(), nn.Identity(), nn.LSTM(3, 2)

    def forward(self, x):
        self.tuple(x)
        return self.twice(self.twice(x))


@pytest.mark.parametrize(
    "layer, error, message",
    [
        ("twice", ValueError, "layer 'twice' must run once per batch, it ran 2 times"),
        ("never", ValueError, "layer 'never' must run once per batch, it ran 0 times"),
        ("tuple", TypeError, "output of layer 'tuple' must be a tensor .* got tuple"),
    ],
)
def test_odd_layers_are_named(layer, error, message):
    with pytest.raises(error, match=message):
        activations(Odd(), [torch.ones(4, 3)], layer)
