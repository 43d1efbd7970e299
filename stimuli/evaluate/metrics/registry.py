"""All metrics by name, in the order of the page. Each has its options under the same name in `[evaluate]`."""

from stimuli.evaluate.metrics.counterfactual import COUNTERFACTUAL
from stimuli.evaluate.metrics.deletion import DELETION
from stimuli.evaluate.metrics.energy import ENERGY
from stimuli.evaluate.metrics.localization import LOCALIZATION
from stimuli.evaluate.metrics.metric import Metric
from stimuli.evaluate.metrics.occlusion_correlation import OCCLUSION_CORRELATION
from stimuli.evaluate.metrics.pointing import POINTING
from stimuli.evaluate.metrics.road import ROAD
from stimuli.evaluate.metrics.sanity import SANITY
from stimuli.evaluate.metrics.seeds import SEEDS
from stimuli.evaluate.metrics.sensitivity import SENSITIVITY

_PLACES = (LOCALIZATION, POINTING, ENERGY, SEEDS, SANITY)
_FAITHFULNESS = (OCCLUSION_CORRELATION, DELETION, ROAD, SENSITIVITY, COUNTERFACTUAL)
METRICS: dict[str, Metric] = {metric.name: metric for metric in (*_PLACES, *_FAITHFULNESS)}
