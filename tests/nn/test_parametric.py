"""ParametricTSNE: an encoder trained on the loss."""

import numpy as np
import pytest
import torch
from sample import over_devices, points
from torch import nn

from fasttsne.metrics import label_accuracy
from fasttsne.nn import ParametricTSNE


def mlp(inputs=64, width=256, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2)
    )


def digits_in_halves():
    from sklearn.datasets import load_digits

    X, labels = load_digits(return_X_y=True)
    X = torch.tensor(X / 16, dtype=torch.float32)
    order = torch.randperm(len(X), generator=torch.Generator().manual_seed(0))
    train, held_out = order.tensor_split(2)
    return X[train], X[held_out], labels[held_out]


@over_devices
def test_it_generalises_to_unseen_digits(device):
    seen, unseen, labels = digits_in_halves()
    model = ParametricTSNE(mlp().to(device), n_epochs=200, random_state=0)
    untrained = label_accuracy(model.transform(unseen), labels)
    Y = model.fit(seen).transform(unseen)
    assert Y.shape == (len(unseen), 2) and Y.device == unseen.device
    assert label_accuracy(Y, labels) > max(0.85, untrained + 0.2)
    assert len(model.losses_) == 200
    # The first quarter is exaggerated; the rest is the KL divergence itself, and falls.
    assert 0 < model.losses_[-1] < 0.7 * model.losses_[50]
    assert model.losses_[0] < 0


@pytest.fixture
def X():
    return points("clustered", 200, 10)


def short(encoder, **parameters):
    parameters = {
        "perplexity": 10,
        "n_epochs": 3,
        "batch_size": 64,
        "random_state": 0,
        **parameters,
    }
    return ParametricTSNE(encoder, **parameters)


def test_same_seed_same_weights(X):
    states = torch.random.get_rng_state()
    models = [short(mlp(10), random_state=seed) for seed in (0, 0, 1)]
    torch.random.set_rng_state(states)
    a, b, c = (model.fit_transform(X) for model in models)
    assert torch.equal(torch.random.get_rng_state(), states), "the user's generator was drawn from"
    assert torch.equal(a, b) and not torch.equal(a, c)
    assert models[0].losses_ == models[1].losses_


class Recorder(nn.Module):
    """Counts the rows that it sees in each call."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder, self.rows = encoder, []

    def forward(self, X):
        self.rows.append((len(X), self.training, torch.is_grad_enabled()))
        return self.encoder(X)


def test_batches_and_modes(X):
    encoder = Recorder(mlp(10))
    encoder.eval()
    encoder.encoder[0].train()
    model = short(encoder, n_epochs=2)
    with torch.no_grad():
        model.fit(X)
    assert encoder.rows == [(50, True, True)] * 8
    encoder.rows.clear()
    model.transform(X)
    assert encoder.rows == [(64, False, False)] * 3 + [(8, False, False)]
    assert not encoder.training and encoder.encoder[0].training


def test_arrays_in_arrays_out_and_images(X):
    as_array = short(mlp(10)).fit_transform(X.double().numpy())
    assert isinstance(as_array, np.ndarray) and as_array.dtype == np.float32
    np.testing.assert_array_equal(as_array, short(mlp(10)).fit_transform(X).numpy())
    images = points("clustered", 200, 36).reshape(200, 1, 6, 6)
    encoder = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3))
    assert short(encoder).fit_transform(images).shape == (200, 3)


def test_optimizer_and_callback_are_used(X):
    calls = []
    rates = []

    def optimizer(parameters, lr):
        rates.append(lr)
        return torch.optim.SGD(parameters, lr=0.0)

    def callback(epoch, loss):
        calls.append((epoch, loss))
        return epoch == 1

    encoder = mlp(10)
    before = [p.clone() for p in encoder.parameters()]
    model = short(encoder, optimizer=optimizer, callback=callback, learning_rate=0.5).fit(X)
    assert rates == [0.5]
    assert calls == [(0, model.losses_[0]), (1, model.losses_[1])]
    for now, was in zip(encoder.parameters(), before, strict=True):
        assert torch.equal(now, was)


def test_the_learning_rate_falls_to_zero(X):
    rates = []

    class Watched(torch.optim.SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    short(mlp(10), optimizer=Watched, learning_rate=0.1, n_epochs=5).fit(X)
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == 0.1 and 0 < rates[-1] < 0.02


def test_divergence_is_told(X):
    encoder = nn.Sequential(nn.Linear(10, 2))
    with pytest.raises(FloatingPointError, match=r"the loss is nan in epoch .: lower"):
        short(encoder, optimizer=torch.optim.SGD, learning_rate=1e38, n_epochs=9).fit(X)


@pytest.mark.parametrize(
    "bad, error, message",
    [
        ({"encoder": len}, TypeError, "encoder must be a torch.nn.Module, got builtin"),
        ({"optimizer": "adam"}, TypeError, "optimizer must be callable, got str"),
        ({"perplexity": 0.5}, ValueError, "perplexity must be 1 or more"),
        ({"n_epochs": 0}, ValueError, "n_epochs must be 1 or more, got 0"),
        ({"batch_size": 1}, ValueError, "batch_size must be 2 or more, got 1"),
        ({"learning_rate": 0}, ValueError, "learning_rate must be above 0"),
        ({"early_exaggeration": 0}, ValueError, "early_exaggeration must be above 0"),
        ({"exaggeration_epochs": -1}, ValueError, "exaggeration_epochs must be 0 or more"),
        ({"dof": -1}, ValueError, "dof must be above 0"),
        ({"method": "tree"}, ValueError, "method must be one of"),
    ],
)
def test_bad_parameters_are_named(bad, error, message):
    with pytest.raises(error, match=message):
        ParametricTSNE(**{"encoder": mlp(), **bad})


@pytest.mark.parametrize(
    "data, error, message",
    [
        (torch.zeros(5), ValueError, r"X must have shape \(n, ...\), .* got \(5,\)"),
        (torch.zeros(0, 10), ValueError, r"got \(0, 10\)"),
        (torch.full((200, 10), torch.nan), ValueError, "X must be finite"),
        (torch.ones(70, 10), ValueError, "70 rows in batches of at most 64 leave 35 in one"),
    ],
)
def test_bad_data_are_named(data, error, message):
    encoder = Recorder(mlp(10))
    with pytest.raises(error, match=message):
        short(encoder, perplexity=40).fit(data)
    assert not encoder.rows, "before any work"


def test_an_encoder_of_the_wrong_shape_is_named(X):
    with pytest.raises(ValueError, match=r"Y must have shape \(50, 1 or more\), .* got \(200,\)"):
        short(nn.Sequential(nn.Linear(10, 4), nn.Flatten(0))).fit(X)
