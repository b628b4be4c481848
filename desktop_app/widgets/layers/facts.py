"""What is known of each row of the layer tree at this moment: what trains, how fast, how long it takes, what a run
proved. Sums over a block are made once a change, not once a cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from desktop_app.widgets.layers.nodes import Node, grow, owners_of, set_output_shapes
from engine.events import GraphNode, Layer, LayerTimed
from engine.runs import LayerProof

Number = TypeVar("Number", int, float)
FROZEN, TRAINS, PARTLY, NOTHING = "frozen", "trains", "partly", ""
FOLLOW, TRAINED = "follow", "trained"
FIXED, UPDATING = "fixed", "updating"
IDENTICAL, CHANGED, UNMOVED, BROKEN = "identical", "changed", "unmoved", "broken"
_NORM = re.compile(r"norm(act)?([123]d)?(fp32)?$", re.IGNORECASE)
"""The types of normalisation, as engine.models.freezing.is_norm knows them."""


class LayerFacts:
    """`ticks` are what the person asks for, by owner; what then truly trains also depends on the switches of the
    normalisation. All answers are for a node of `root`."""

    def __init__(self, layers: tuple[Layer, ...] = (), trainable: Iterable[str] = ()) -> None:
        self.layers = layers
        self.root = grow(layers)
        self.nodes = [self.root, *self.root.walk()]
        self.owners = owners_of(layers)
        self.affine = self.statistics = FOLLOW
        self.rates: dict[int, float] = {}
        self.proof: dict[str, LayerProof] = {}
        self._is_norm = [bool(_NORM.search(layer.type)) for layer in layers if layer.parameters]
        self._seconds: list[tuple[float, float]] = []
        self._proofs: list[dict[str, int]] = []
        self.set_ticks(trainable)

    # --- what is told

    def set_ticks(self, names: Iterable[str]) -> None:
        wanted = set(names)
        self.ticks = [name in wanted for name in self.owners]
        self._sum_up()

    def set_norm(self, affine: str, statistics: str) -> None:
        self.affine, self.statistics = affine, statistics
        self._sum_up()

    def set_graph(self, graph: Iterable[GraphNode]) -> None:
        set_output_shapes(self.root, graph)

    def set_times(self, times: Mapping[str, LayerTimed]) -> None:
        self._seconds = []
        if times:
            forward = self._sums(lambda node: times[node.name].forward_seconds if node.name in times else 0.0)
            backward = self._sums(lambda node: times[node.name].backward_seconds if node.name in times else 0.0)
            self._seconds = list(zip(forward, backward, strict=True))

    def set_proof(self, proof: Mapping[str, LayerProof]) -> None:
        self.proof = dict(proof)
        self._proofs = [{} for _ in self.nodes]
        for node in reversed(self.nodes):
            if node.layer is not None and node.name in proof:
                self._proofs[node.number] = {verdict(proof[node.name]): 1}
            for child in node.children:
                for word, number in self._proofs[child.number].items():
                    self._proofs[node.number][word] = self._proofs[node.number].get(word, 0) + number

    def take_over(self, other: LayerFacts) -> None:
        """Rates, times and proof of `other`, whose layers have the same names."""
        self.rates = other.rates
        self._seconds, self._proofs, self.proof = other._seconds, other._proofs, other.proof

    # --- what is asked

    def ticked(self, node: Node) -> str:
        """How the tick of a node stands."""
        return _state(self._ticked[node.number], len(node.owners))

    def state(self, node: Node) -> str:
        """What would truly train of a node."""
        return _state(self._training[node.number], len(node.owners))

    def training(self, node: Node) -> tuple[int, int]:
        """How many layers of a node train, and how many parameters."""
        return self._training[node.number], self._parameters[node.number]

    def norm(self, node: Node) -> tuple[str, str]:
        """(fixed, updating or mixed; frozen, training or mixed) of the batch normalisation in a node, ("", "") where
        there is none."""
        kinds = self._norms[node.number]
        if not kinds:
            return "", ""
        statistics, affine = {updates for updates, _ in kinds}, {trains for _, trains in kinds}
        return _word(statistics, UPDATING, FIXED), _word(affine, "training", FROZEN)

    def has_norm(self) -> bool:
        """Whether any normalisation has a scale and a shift."""
        return any(self._is_norm)

    def has_statistics(self) -> bool:
        """Whether any normalisation keeps running statistics."""
        return bool(self._norms[0])

    def rate(self, node: Node) -> tuple[float, float] | None:
        """The lowest and the highest learning-rate multiplier of the blocks of a node that trains."""
        rates = [self.rates[block] for block in node.blocks if block in self.rates]
        return (min(rates), max(rates)) if rates and self._training[node.number] else None

    def seconds(self, node: Node) -> tuple[float, float] | None:
        """Seconds forward and backward for one image, None where nothing was measured."""
        return self._seconds[node.number] if self._seconds else None

    def time_share(self, node: Node) -> float | None:
        if not self._seconds:
            return None
        whole = sum(self._seconds[0])
        return sum(self._seconds[node.number]) / whole if whole else 0.0

    def proofs(self, node: Node) -> dict[str, int]:
        """How many layers of a node are identical, changed, unmoved (trained, yet identical) or broken (frozen, yet
        changed) after the run; empty where none was proved."""
        return self._proofs[node.number] if self._proofs else {}

    # --- sums

    def _trains(self, owner: int) -> bool:
        if self._is_norm[owner] and self.affine != FOLLOW:
            return self.affine == TRAINED
        return self.ticks[owner]

    def _updates(self, owner: int) -> bool:
        return self.ticks[owner] and self.statistics == FOLLOW

    def _sum_up(self) -> None:
        trains = [self._trains(owner) for owner in range(len(self.owners))]
        self._ticked = self._sums(lambda node: bool(node.owners) and self.ticks[node.owners[0]])
        self._training = self._sums(lambda node: bool(node.owners) and trains[node.owners[0]])
        self._parameters = self._sums(lambda node: node.parameters if node.owners and trains[node.owners[0]] else 0)
        self._norms: list[frozenset[tuple[bool, bool]]] = [frozenset()] * len(self.nodes)
        for node in reversed(self.nodes):
            if node.layer is not None and node.layer.norm and node.owners:
                (owner,) = node.owners
                self._norms[node.number] = frozenset({(self._updates(owner), trains[owner])})
            elif node.children:
                self._norms[node.number] = frozenset().union(*(self._norms[child.number] for child in node.children))

    def _sums(self, of_leaf: Callable[[Node], Number]) -> list[Number]:
        """One number a node: of a layer what `of_leaf` says, of a block the sum."""
        numbers: list[Number] = [0] * len(self.nodes)
        for node in reversed(self.nodes):
            if node.layer is not None:
                numbers[node.number] = of_leaf(node)
            else:
                numbers[node.number] = sum(numbers[child.number] for child in node.children)
        return numbers


def verdict(proof: LayerProof) -> str:
    """What the hashes of one layer before and after a run say."""
    if proof.trained:
        return UNMOVED if proof.unchanged else CHANGED
    return IDENTICAL if proof.unchanged else BROKEN


def _state(some: int, of: int) -> str:
    if not of:
        return NOTHING
    return TRAINS if some == of else PARTLY if some else FROZEN


def _word(kinds: set[bool], yes: str, no: str) -> str:
    return "mixed" if len(kinds) > 1 else yes if True in kinds else no
