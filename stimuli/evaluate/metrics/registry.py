"""All metrics by name, in the order of the page. Each has its options under the same name in `[evaluate]`."""

from stimuli.evaluate.metrics.energy import ENERGY
from stimuli.evaluate.metrics.metric import Metric

METRICS: dict[str, Metric] = {metric.name: metric for metric in (ENERGY,)}
