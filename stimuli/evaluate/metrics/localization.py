"""Weakly supervised localization: Selvaraju et al. 2020, section 4.1; Choe et al. 2020 (MaxBoxAcc, MaxBoxAccV2).

The paper's 15 % is never shown alone: which network localizes better may change with the threshold.
"""

from contracts.metrics import MetricColumn
from stimuli.evaluate.metrics.metric import (
    BOXES,
    Best,
    Column,
    Curve,
    Measured,
    Metric,
    Reported,
    Sample,
)
from stimuli.evaluate.metrics.segments import Segments, overlaps, segments, stretched, thresholds
from stimuli.evaluate_config import LocalizationOptions

STRICTNESS = (0.3, 0.5, 0.7)  # intersections over union of MaxBoxAccV2


def measure(sample: Sample, options: LocalizationOptions) -> Measured:
    heat = sample.heat.numpy().clip(min=0)
    main = segments(heat > options.threshold * heat.max(), options.neighbours).main
    iou = float(overlaps(main, sample.boxes).max(initial=0))
    found, rank = iou >= options.iou, int((sample.scores > sample.scores[sample.target]).sum())
    values = {
        "localization_iou": iou,
        "localization_known": float(found),
        **{f"localization_top{k}_error": float(not (found and rank < k)) for k in (1, 5)},
        **{f"classification_top{k}_error": float(rank >= k) for k in (1, 5)},
    }
    return Measured(values, _curves(sample, options))


def _curves(sample: Sample, options: LocalizationOptions) -> dict[str, list[float]]:
    """Whether a box is found at each threshold: of the largest segment, and of any segment for each strictness."""
    at_each = _segments_at(sample, options)
    main = [overlaps(found.main, sample.boxes).max(initial=0) for found in at_each]
    every = [overlaps(found.boxes, sample.boxes).max(initial=0) for found in at_each]
    curves = {"localization_curve": [float(iou >= options.iou) for iou in main]}
    return curves | {f"localization_v2_{100 * s:.0f}": [float(iou >= s) for iou in every] for s in STRICTNESS}


def _segments_at(sample: Sample, options: LocalizationOptions) -> list[Segments]:
    """Of the map between its least and largest value; a baseline's are the same for every photograph."""

    def made() -> list[Segments]:
        heat = stretched(sample.heat.numpy())
        return [segments(heat > threshold, options.neighbours) for threshold in thresholds(options.steps)]

    is_same = sample.method in ("uniform", "centre")
    return sample.network.once(("segments", sample.method, options), made) if is_same else made()


def curves(options: LocalizationOptions) -> tuple[Curve, ...]:
    x, axis = thresholds(options.steps), "Threshold, as a share of the range of the map"
    main = Curve(
        "localization_curve", f"Known-class accuracy, IoU ≥ {options.iou:g}, largest segment", "share", x, axis
    )
    any_of_them = (
        Curve(f"localization_v2_{100 * s:.0f}", f"Known-class accuracy, IoU ≥ {s:g}, any segment", "share", x, axis)
        for s in STRICTNESS
    )
    return main, *any_of_them


_PAPER = "Selvaraju et al. 2020, table 1"
_NETWORKS = ("VGG-16", "AlexNet", "GoogLeNet")


def _reported(*percents: float) -> tuple[Reported, ...]:
    of = (f"{network}, ILSVRC-15 val" for network in _NETWORKS)
    return tuple(Reported(p / 100, network, _PAPER, "grad-cam") for p, network in zip(percents, of, strict=True))


def _classified(*percents: float) -> tuple[Reported, ...]:
    return tuple(
        Reported(p / 100, f"{network}, ILSVRC-15 val", _PAPER) for p, network in zip(percents, _NETWORKS, strict=True)
    )


_CAM = (
    Reported(0.5720, "VGG-16, ILSVRC-15 val", _PAPER, "cam"),
    Reported(0.4514, "VGG-16, ILSVRC-15 val", _PAPER, "cam"),
)
_CHOE = "Choe et al. 2020, MaxBoxAccV2"
LOCALIZATION = Metric(
    name="localization",
    title="Localization",
    about=(
        "A box around the largest segment of the thresholded map counts as found where it overlaps an annotated box."
        " At 15 % of the maximum it is the Grad-CAM paper's figure (section 4.1); the curve and the best single"
        " threshold show how much that one choice decides."
    ),
    measure=measure,
    columns=(
        Column(
            *("localization_top1_error", "Localization error, top 1", "share", "lower"),
            reported=(*_reported(56.51, 68.3, 60.09), _CAM[0]),
            by="localization_iou",
        ),
        Column(
            *("localization_top5_error", "Localization error, top 5", "share", "lower"),
            reported=(*_reported(46.41, 56.6, 49.34), _CAM[1]),
            by="localization_iou",
        ),
        Column(
            *("classification_top1_error", "Classification error, top 1", "share", "lower"),
            reported=_classified(30.38, 44.2, 31.9),
        ),
        Column(
            *("classification_top5_error", "Classification error, top 5", "share", "lower"),
            reported=_classified(10.89, 20.8, 11.3),
        ),
        Column("localization_known", "Known-class localization accuracy", "share", by="localization_iou"),
        Column("localization_iou", "Overlap of the box", "IoU"),
    ),
    curves=curves,
    best=(
        Best(
            MetricColumn("max_box_acc", "Best single threshold (MaxBoxAcc)", "share"),
            ("localization_curve",),
        ),
        Best(
            MetricColumn("max_box_acc_v2", "Best thresholds for IoU .3, .5, .7, any segment (MaxBoxAccV2)", "share"),
            tuple(f"localization_v2_{100 * s:.0f}" for s in STRICTNESS),
            (
                Reported(0.600, "VGG-16, ImageNet", _CHOE, "cam"),
                Reported(0.634, "Inception-v3, ImageNet", _CHOE, "cam"),
                Reported(0.637, "ResNet-50, ImageNet", _CHOE, "cam"),
                Reported(0.525, "ImageNet", _CHOE, "centre"),
            ),
        ),
    ),
    needs=(BOXES,),
    baselines=("uniform", "centre"),
    chosen=lambda o: (
        "The photograph is squashed or cropped as [networks] tells; boxes are those of the part that the network sees.",
        "The map is enlarged to the network's picture first (bilinear, corners aligned) and thresholded then.",
        f"A segment is above {o.threshold:g} of the map's maximum, pixels touching by {o.neighbours} neighbours; the"
        " largest has most pixels. Negative values count as 0.",
        f"The curve has {o.steps} thresholds between the map's least and largest value; Choe et al. take 1,000.",
        "Of several annotated boxes the one that overlaps most counts. A map without a positive value finds nothing.",
        "Top 1 and top 5 are among all outputs of the network. Each annotated category of a photograph counts.",
        "The map of the centre is a pyramid: at threshold t it is a box in the centre of 1 − t of both sides. The map"
        " of one number is the whole picture.",
    ),
)
