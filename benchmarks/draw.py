"""Draws charts: JSON by name on standard input, SVG by name on standard output; see charts.py.

It runs in the environment of the benchmark, which has matplotlib.
"""

import io
import json
import math
import sys
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

# Text stays text, and nothing random or of the clock is in the file: equal figures, equal files.
mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "charts", "font.size": 9})
_METADATA = {"Date": None, "Creator": None}
_PLAIN = FuncFormatter(lambda value, _: f"{value:,.10g}")


def main() -> None:
    charts = json.load(sys.stdin)
    json.dump({name: _svg(chart) for name, chart in charts.items()}, sys.stdout)


def _svg(chart: dict[str, Any]) -> str:
    figure = Figure(figsize=(7.5, 3.6), layout="constrained")
    axes = figure.subplots()
    (_lines if chart["kind"] == "lines" else _bars)(axes, chart)
    axes.set_title(chart["title"], loc="left")
    axes.grid(visible=True, linewidth=0.4, alpha=0.6)
    axes.set_axisbelow(True)
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata=_METADATA)
    # Trailing blanks are no part of a picture, and committed files have none.
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"


def _lines(axes: Any, chart: dict[str, Any]) -> None:  # noqa: ANN401  matplotlib is not typed here
    for name, points in chart["curves"].items():
        x, middle, low, high = zip(*points, strict=True)
        axes.plot(x, middle, marker="o", markersize=3, linewidth=1.2, label=name)
        axes.fill_between(x, low, high, alpha=0.15)
    if chart["log_x"]:
        axes.set_xscale("log")
    if chart["log_y"]:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    ticks = sorted({point[0] for points in chart["curves"].values() for point in points})
    axes.set_xticks(ticks)
    axes.minorticks_off()
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(_PLAIN)
    axes.set_xlabel(chart["x"])
    axes.set_ylabel(chart["y"])
    axes.legend(fontsize=8)


def _bars(axes: Any, chart: dict[str, Any]) -> None:  # noqa: ANN401  as above
    names, middle, low, high = zip(*reversed(chart["bars"]), strict=True)
    below = [m - each for m, each in zip(middle, low, strict=True)]
    above = [each - m for m, each in zip(middle, high, strict=True)]
    axes.barh(
        names, middle, xerr=[below, above], height=0.6, capsize=2, error_kw={"linewidth": 0.8}
    )
    if chart["log"]:
        axes.set_xscale("log")
        axes.set_xlim(left=10 ** math.floor(math.log10(min(low))))  # a whole power of ten
        axes.minorticks_off()
    axes.xaxis.set_major_formatter(_PLAIN)
    axes.set_xlabel(chart["x"])
    for place, value in enumerate(middle):
        axes.text(value, place + 0.32, f" {value:,.3g}", va="bottom", fontsize=7)


if __name__ == "__main__":
    main()
