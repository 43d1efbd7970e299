"""All metrics by name, in the order of the page. Each has its options under the same name in `[evaluate]`."""

from stimuli.evaluate.metrics.energy import ENERGY
from stimuli.evaluate.metrics.localization import LOCALIZATION
from stimuli.evaluate.metrics.metric import Metric
from stimuli.evaluate.metrics.pointing import POINTING
from stimuli.evaluate.metrics.seeds import SEEDS

METRICS: dict[str, Metric] = {metric.name: metric for metric in (LOCALIZATION, POINTING, ENERGY, SEEDS)}
