"""The files of results: tables, a text, plots."""

from __future__ import annotations

from rebalance._base.files import StrPath, expanded, write_text
from rebalance._base.semantics import VERSION
from rebalance.report import p_value_text
from rebalance.web.listening_test._rating_models import MixedModel
from rebalance.web.listening_test._test_results import ListeningResults
from rebalance.web.listening_test._verdicts import relation_text

_DECIMALS = 6


RESULT_FILES = (
    "answers.csv",
    "screening.csv",
    "results.csv",
    "model.txt",
    *(f"{name}.{suffix}" for name in ("ratings", "haaqi") for suffix in ("svg", "png")),
)


def write_results(results: ListeningResults, out: StrPath) -> None:
    """Write the results as tables, a text and plots.

    Parameters
    ----------
    results
        From `evaluate_answers`.
    out
        Folder to write ``answers.csv``, ``screening.csv``, ``results.csv``, ``model.txt``, ``ratings.svg`` and
        ``haaqi.svg`` to (the plots as PNG, too); made when missing. A plot that cannot be made is not written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from rebalance.web.listening_test import ListeningPlan, ListeningResults, write_results
    >>> plan = ListeningPlan(title="Demo", kind="mushra", task=Path("metadata/demo"), runs={"fast": Path("exp/fast")})
    >>> means = pd.DataFrame({"system": ["fast"], "mean": [50.0], "low": [40.0], "high": [60.0]})
    >>> answers = pd.DataFrame({"system": ["fast"], "participant": [1], "rating": [50.0]})
    >>> results = ListeningResults(
    ...     plan=plan, answers=answers, screening=answers, kept=answers, results=means, model=None, worths=None,
    ...     no_model="too few", relation=None, no_relation="too few", verdict="one",
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_results(results, folder)
    ...     sorted(path.name for path in Path(folder).glob("*.csv"))
    ['answers.csv', 'results.csv', 'screening.csv']
    """
    from rebalance.web.listening_test._test_plots import draw_ratings, draw_relation, draw_worths, save_figure

    out = expanded(out)
    for name, table in (("answers", results.answers), ("screening", results.screening), ("results", results.results)):
        write_text(out / f"{name}.csv", table.round(_DECIMALS).to_csv(index=False, lineterminator="\n"))
    write_text(out / "model.txt", model_text(results))
    if results.worths is not None:
        save_figure(draw_worths(results.worths), out / "ratings.svg")
    else:
        save_figure(draw_ratings(results.results, results.kept), out / "ratings.svg")
    if results.relation is not None:
        rates = results.plan.kind == "mushra"
        x_label = "HAAQI, mean of both ears" if rates else "HAAQI of the first minus the second"
        y_label = "mean rating" if rates else "share of the first"
        figure = draw_relation(results.relation.points, x_label=x_label, y_label=y_label)
        save_figure(figure, out / "haaqi.svg")


def model_text(results: ListeningResults) -> str:
    """Return what ``model.txt`` says: the verdict, the model, and how HAAQI goes with the answers."""
    lines = [f"{results.plan.title} ({results.plan.kind}), seed {results.plan.seed}, rebalance {VERSION}", ""]
    lines += [results.verdict, ""]
    if results.model is not None:
        lines += _mixed_model_lines(results.model)
    elif results.worths is not None:
        lines += ["Bradley-Terry worths", "", results.worths.to_string(index=False, float_format="%.3f"), ""]
    else:
        lines += [f"No mixed model: {results.no_model}", ""]
    if results.relation is None:
        lines += [f"No relation to HAAQI: {results.no_relation}"]
    else:
        lines += [relation_text(results.relation)]
    return "\n".join(lines) + "\n"


def _mixed_model_lines(model: MixedModel) -> list[str]:
    """Return the mixed model in lines."""
    ending = "" if model.converged else "; the fit did not converge, do not rely on it"
    return [
        f"rating ~ system + (1 | participant) + (1 | scene), REML; points above {model.baseline}{ending}",
        "",
        model.effects.assign(p_value=model.effects["p_value"].map(p_value_text)).to_string(
            index=False, float_format="%.2f"
        ),
        "",
        (
            f"standard deviations: participants {model.participant_sd:.2f}, scenes {model.scene_sd:.2f},"
            f" rest {model.residual_sd:.2f}"
        ),
        "",
        model.text,
        "",
    ]
