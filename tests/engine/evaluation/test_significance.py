from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.evaluation.significance import holm, mcnemar, verdict

scipy_stats = pytest.importorskip("scipy.stats", reason="SciPy comes with scikit-learn, which tests have")


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_exact_binomial_test(first: int, second: int) -> None:
    wanted = scipy_stats.binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(wanted, rel=1e-9, abs=1e-300)


def test_thousands_of_photos_do_not_overflow() -> None:
    assert mcnemar(60_000, 40_000) == pytest.approx(0.0, abs=1e-300)
    assert mcnemar(50_000, 50_000) == pytest.approx(1.0)


def test_holm_as_in_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.9, 0.8]) == (1.0, 1.0) and holm([]) == ()


def test_the_better_one_is_named_first_and_luck_is_called_so() -> None:
    assert verdict("A", "B", 5, 12, mcnemar(5, 12)) == (
        "B is right on 12 photos that A gets wrong, A on 5 that B gets wrong: this may be luck (p = 0.14)."
    )
    assert "hardly luck (p < 0.001)" in verdict("A", "B", 40, 1, mcnemar(40, 1))
    assert verdict("A", "B", 0, 0, 1.0) == "A and B are right on the same photos."
