#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The rmobike authors
#
# Checks standard input for what Prometheus' text format 0.0.4 demands, and
# what its linter asks for: HELP and TYPE once and before the samples, samples
# of a metric together and unique, counters that end in _total, histograms that
# are cumulated and complete. Files that are named, alerts and the like, use no
# other metrics.

import math
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(r"(%s)(?:\{(%s(?:,%s)*)\})? (\S+)" % (NAME, LABEL, LABEL))


class Metric:
    def __init__(self, name):
        self.name = name
        self.help = self.type = None
        self.samples = {}

    def owns(self, sample):
        if self.type == "histogram":
            return sample in [self.name + end
                              for end in ("_bucket", "_sum", "_count")]
        return sample == self.name

    def check(self):
        assert self.help, "no HELP"
        assert self.type in ("counter", "gauge", "histogram"), self.type
        assert self.samples, "no samples"
        assert (self.type == "counter") == self.name.endswith("_total")
        if self.type == "histogram":
            self.check_histogram()

    def check_histogram(self):
        last, count = -math.inf, 0
        for (name, labels), value in self.samples.items():
            if name == self.name + "_bucket":
                (key, bound), = labels
                assert key == "le" and float(bound) > last, "wrong bounds"
                assert value >= count, "not cumulated"
                last, count = float(bound), value
        assert last == math.inf, "no +Inf"
        assert self.samples[self.name + "_count", ()] == count


def parse(text):
    assert text.endswith("\n"), "no newline at the end"
    metrics = []
    for line in text[:-1].split("\n"):
        comment = re.fullmatch(r"# (HELP|TYPE) (%s) (.+)" % NAME, line)
        if comment:
            what, name, value = comment.groups()
            if not metrics or metrics[-1].name != name:
                assert name not in [m.name for m in metrics], "scattered"
                metrics.append(Metric(name))
            metric = metrics[-1]
            assert not metric.samples, "comment behind a sample: " + line
            attribute = what.lower()
            assert getattr(metric, attribute) is None, "twice: " + line
            setattr(metric, attribute, value)
            continue
        match = SAMPLE.fullmatch(line)
        assert match, "no sample: " + line
        labels = tuple(re.findall(LABEL, match[2] or ""))
        key = match[1], labels
        assert metrics and metrics[-1].owns(match[1]), "not typed: " + line
        assert key not in metrics[-1].samples, "twice: " + line
        metrics[-1].samples[key] = float(match[match.lastindex])
    return metrics


def main():
    metrics = parse(sys.stdin.read())
    assert metrics, "nothing at all"
    for metric in metrics:
        metric.check()
    known = {name for metric in metrics for name, _ in metric.samples}
    for file in sys.argv[1:]:
        with open(file, encoding="utf-8") as lines:
            used = set(re.findall(r"\brmobike_\w+", lines.read()))
        assert used, file + " uses no metrics"
        assert used <= known, "%s: there is no %s" % (
            file, ", ".join(sorted(used - known)))


if __name__ == "__main__":
    main()
