"""Methods that weigh a layer's feature maps by gradients or by the weights of a linear head. Maps are (R, 1, H, W)."""

import warnings

from torch import Tensor
from torch.autograd.graph import Node

from stimuli.errors import ExplanationError, ExplanationWarning
from stimuli.explain.enlarging import enlarged, weighted
from stimuli.explain.graph import edge_of, saved
from stimuli.explain.trace import Trace


def grad_cam(trace: Trace) -> Tensor:
    """L^c = ReLU(Σ_k α_k A^k), α_k the mean gradient of map k, enlarged to (R, 1, H, W). Selvaraju et al., eq. 1–2."""
    return enlarged(grad_cam_cells(trace), trace.size)


def grad_cam_cells(trace: Trace) -> Tensor:
    """Grad-CAM before it is enlarged: (R, 1, h, w), a cell for each place of the layer."""
    return weighted(_mean_gradient(trace), trace.activations).relu()


def counterfactual_grad_cam(trace: Trace) -> Tensor:
    """Grad-CAM with −α_k: the regions whose removal would raise the score. Selvaraju et al., section 3.3."""
    return enlarged(weighted(-_mean_gradient(trace), trace.activations).relu(), trace.size)


def grad_cam_plus_plus(trace: Trace) -> Tensor:
    """ReLU(Σ_k w_k A^k), w_k = Σ_ij α_ij ReLU(∂y/∂A_ij), α_ij = 1 / (2 + ∂y/∂A_ij · ΣA^k). Chattopadhay et al., eq. 19.

    The paper's score is exp(y); its factor, one for the whole map, is left out. Warns where an α is not positive, which
    needs a layer with negative outputs.
    """
    gradient, activations = trace.layer_gradient, trace.activations
    denominators = 2 + gradient * activations.sum((2, 3), keepdim=True)
    if ((denominators <= 0) & (gradient > 0)).any():
        warnings.warn(
            f"target layer {trace.layer!r} has negative outputs, for which Grad-CAM++ can weigh against what speaks for"
            " the score; name a layer behind a ReLU",
            ExplanationWarning,
            stacklevel=2,
        )
    weights = (gradient.relu() / denominators).nan_to_num(0, 0, 0).sum((2, 3))
    return enlarged(weighted(weights, activations).relu(), trace.size)


def layer_cam(trace: Trace) -> Tensor:
    """ReLU(Σ_k ReLU(∂y/∂A^k) · A^k), cell by cell. Jiang et al. 2021, eq. 5 and 6."""
    return enlarged((trace.layer_gradient.relu() * trace.activations).sum(1, keepdim=True).relu(), trace.size)


def cam(trace: Trace) -> Tensor:
    """L^c = Σ_k w_k^c A^k, enlarged and signed, where the layer feeds pool + linear alone. Zhou et al. 2016, eq. 2."""
    weights = _linear_head(trace)
    if not all(isinstance(target, int) for target in trace.targets):
        raise ExplanationError("cam reads the weights of a category; it takes no target function, grad-cam does")
    return enlarged(weighted(weights[:, list(trace.targets)].T, trace.activations), trace.size)


def _mean_gradient(trace: Trace) -> Tensor:
    return trace.layer_gradient.mean(dim=(2, 3))  # α (R, K)


def _linear_head(trace: Trace) -> Tensor:
    """The weights (K, C) of a head that is global average pooling + linear, read from the graph behind the layer."""
    layer_output = trace.activations
    head, _ = edge_of(trace.recording.output)
    pool = head.next_functions[1][0] if head.name() == "AddmmBackward0" else None
    while pool is not None and pool.name() in {"ViewBackward0", "ReshapeAliasBackward0", "SqueezeBackward1"}:
        pool = pool.next_functions[0][0]
    pooled_alone = pool is not None and _pools_everything(pool, layer_output) and trace.feeds(pool)
    if not pooled_alone or len(saved(head, "mat2")) != layer_output.shape[1]:
        raise ExplanationError(
            f"cam needs a network whose layer {trace.layer!r} feeds global average pooling and one linear"
            " layer and nothing else; use grad-cam, which is cam up to scale there and is defined everywhere"
        )
    return saved(head, "mat2")


def _pools_everything(pool: Node, layer_output: Tensor) -> bool:
    if pool.name() == "AvgPool2DBackward0":
        return tuple(saved(pool, "kernel_size")) == layer_output.shape[2:] and not any(saved(pool, "padding"))
    return pool.name() in {"MeanBackward1", "AdaptiveAvgPool2DBackward0"}
