"""What long verbs yield: frozen values, comparable in a test; `wire` takes them to one line of JSON and back.

Accuracies and confidences are shares from 0 to 1, times are seconds, sizes are pixels or bytes as named.

The modules below are loaded when one of their names is first asked for: all of them take longer than many a command.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.events.base import Check, ChecksFinished, DemoFinished, Event, Notice, StageStarted, Transferred
    from engine.events.corrections import CorrectionsApplied, CorrectionsPacked, CorrectionsUndone, PhotoMisplaced
    from engine.events.diagnosis import Diagnosis
    from engine.events.ensemble import EnsembleFinished
    from engine.events.models import (
        GraphNode,
        Layer,
        LayerPictured,
        LayersFinished,
        LayerTimed,
        MeasureFinished,
        Model,
        WeightsChoice,
        WeightsFetched,
        WeightsImported,
        WeightsListed,
    )
    from engine.events.photos import (
        AccuracyVerified,
        EvaluationFinished,
        Explained,
        FolderCounted,
        LabelCounted,
        Prediction,
        PredictionFinished,
        PredictionProgress,
        PseudoLabel,
        PseudoLabelsFinished,
        ScanFinished,
        ScanProgress,
        SummaryFinished,
        TableWritten,
        VerdictsKept,
        Watching,
    )
    from engine.events.runs import ComparisonFinished, PairCompared, RunCompared, SettingDiffers
    from engine.events.search import SearchFinished, TrialFinished, TrialStarted
    from engine.events.service import Served, ServiceFinished, ServiceStarted
    from engine.events.sorting import (
        LeftOut,
        SidecarsFinished,
        SortingFinished,
        SortingPlanned,
        SortingProgress,
        SortingUndone,
    )
    from engine.events.strategies import StrategiesCompared, StrategyCompared
    from engine.events.training import (
        Advice,
        EpochFinished,
        FeaturesComputed,
        ParityMeasured,
        PhaseStarted,
        RunFinished,
        RunStarted,
        StepFinished,
    )
    from engine.events.tuning import BaselineMeasured, LearningRateFound, RateTried, RunEstimated

__all__ = [
    "AccuracyVerified",
    "Advice",
    "BaselineMeasured",
    "Check",
    "ChecksFinished",
    "ComparisonFinished",
    "CorrectionsApplied",
    "CorrectionsPacked",
    "CorrectionsUndone",
    "DemoFinished",
    "Diagnosis",
    "EnsembleFinished",
    "EpochFinished",
    "EvaluationFinished",
    "Event",
    "Explained",
    "FeaturesComputed",
    "FolderCounted",
    "GraphNode",
    "LabelCounted",
    "Layer",
    "LayerPictured",
    "LayerTimed",
    "LayersFinished",
    "LearningRateFound",
    "LeftOut",
    "MeasureFinished",
    "Model",
    "Notice",
    "PairCompared",
    "ParityMeasured",
    "PhaseStarted",
    "PhotoMisplaced",
    "Prediction",
    "PredictionFinished",
    "PredictionProgress",
    "PseudoLabel",
    "PseudoLabelsFinished",
    "RateTried",
    "RunCompared",
    "RunEstimated",
    "RunFinished",
    "RunStarted",
    "ScanFinished",
    "ScanProgress",
    "SearchFinished",
    "Served",
    "ServiceFinished",
    "ServiceStarted",
    "SettingDiffers",
    "SidecarsFinished",
    "SortingFinished",
    "SortingPlanned",
    "SortingProgress",
    "SortingUndone",
    "StageStarted",
    "StepFinished",
    "StrategiesCompared",
    "StrategyCompared",
    "SummaryFinished",
    "TableWritten",
    "Transferred",
    "TrialFinished",
    "TrialStarted",
    "VerdictsKept",
    "Watching",
    "WeightsChoice",
    "WeightsFetched",
    "WeightsImported",
    "WeightsListed",
]

MODULES = (
    *("base", "photos", "sorting", "corrections", "service", "training", "diagnosis", "runs", "models", "ensemble"),
    *("strategies", "tuning", "search"),
)
"""In the order in which a name is looked for."""


def __getattr__(name: str) -> Any:
    for module in MODULES if name in __all__ else ():
        loaded = vars(importlib.import_module(f"engine.events.{module}"))
        if name in loaded:
            return globals().setdefault(name, loaded[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_all() -> None:
    """Load every event there is."""
    for module in MODULES:
        importlib.import_module(f"engine.events.{module}")
