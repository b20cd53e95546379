"""t-SNE as a torch module, trained by Adam on mini-batches of pairs.

    python examples/torch_module.py [--output gallery]

Embeds scikit-learn's 1,797 digits. The forward pass computes the contribution of a batch of pairs
(i, j) to KL(P || Q). `fasttsne.nn.TSNELoss` provides it, with the normalisation Z over all pairs.
"""

import argparse
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from fasttsne import plot
from fasttsne.affinities import JointP, joint_affinities
from fasttsne.nn import EmbeddingMap, TSNELoss, pair_loader

BATCH = 16384
PHASES = ((12.0, 20), (1.0, 100))
"""(exaggeration, epochs): early exaggeration, then the plain objective."""


class PairwiseTSNE(nn.Module):
    """A map of n points; the forward pass computes the cost of a batch of pairs."""

    def __init__(self, P: JointP, n_dim: int = 2, seed: int = 0) -> None:
        super().__init__()
        self.points = EmbeddingMap(len(P.indptr) - 1, n_dim, seed=seed)
        self.loss = TSNELoss(P)

    def forward(self, pij: Tensor, i: Tensor, j: Tensor) -> Tensor:
        """Sum p_ij ln(p_ij / q_ij) over the pairs (i, j), shape (b,) each."""
        return self.loss.pairs(self.points(), i, j, pij)


def train(model: PairwiseTSNE, pairs: torch.utils.data.DataLoader) -> None:
    """Fit the model to all pairs; print the loss of each epoch."""
    for exaggeration, epochs in PHASES:
        model.loss.exaggeration = exaggeration
        # A new Adam for each phase: its moment estimates would still come from the exaggerated
        # gradients. Gradients are about 1 / n, so epsilon must be far smaller than the default.
        optimizer = torch.optim.Adam(model.parameters(), lr=1.5, betas=(0.9, 0.99), eps=1e-15)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
        for epoch in range(1, epochs + 1):
            total = 0.0
            for pij, i, j in pairs:
                loss = model(pij, i, j)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item()
            schedule.step()
            print(f"exaggeration {exaggeration:2g}  epoch {epoch:3}  loss {total:8.4f}")


def main(argv: list[str] | None = None) -> dict:
    """Train, draw, and return the map and its KL divergence."""
    parser = argparse.ArgumentParser(description="t-SNE by a torch module and Adam")
    parser.add_argument("--output", type=Path, default=Path("gallery"), help="default: gallery")
    folder = parser.parse_args(argv).output
    X, labels = load_digits(return_X_y=True)
    P = joint_affinities(X, perplexity=30)
    model = PairwiseTSNE(P)
    train(model, pair_loader(P, BATCH))
    Y = model.points().detach()
    kl = TSNELoss(P, method="exact")(Y).item()
    print(f"KL divergence {kl:.4f}")
    folder.mkdir(parents=True, exist_ok=True)
    title = "1,797 digits: t-SNE by a torch module and Adam"
    figure = plot.scatter(Y, labels, title=title, legend_title="digit")
    plot.save(figure, folder / "torch_module.png")
    return {"kl": kl, "embedding": Y}


if __name__ == "__main__":
    main()
