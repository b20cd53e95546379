"""From neighbours to the joint P, which says how much each pair of points belongs together.

==============  ====================================================================================
module          what it holds
==============  ====================================================================================
``kinds``       ways to turn the distances of neighbours into conditional probabilities, and these
                into P: :class:`Perplexity`, :class:`Multiscale`, :class:`FixedSigma`,
                :class:`Uniform`, all of them :class:`Affinities`
``joint``       the result, a sparse symmetric matrix: :class:`JointP`
``in_parts``    P of parts of the rows, and in little memory
``from_data``   from data to P in one call: :func:`joint_affinities`
``supervised``  labels that change P
``given``       P made elsewhere: :func:`given_affinities`
==============  ====================================================================================
"""

from .from_data import joint_affinities
from .given import given_affinities, is_matrix
from .joint import JointP, joint_P, negative_entropy
from .kinds import Affinities, FixedSigma, Multiscale, Perplexity, Uniform

__all__ = [
    "Affinities",
    "FixedSigma",
    "JointP",
    "Multiscale",
    "Perplexity",
    "Uniform",
    "given_affinities",
    "is_matrix",
    "joint_P",
    "joint_affinities",
    "negative_entropy",
]
