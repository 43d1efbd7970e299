"""The explanation methods that Discern computes, and their names as papers write them."""

METHOD_NAMES = {
    "grad-cam": "Grad-CAM",
    "counterfactual-grad-cam": "Counterfactual Grad-CAM",
    "cam": "CAM",
    "guided-backprop": "Guided Backpropagation",
    "deconvolution": "Deconvolution",
    "guided-grad-cam": "Guided Grad-CAM",
    "deconvolution-grad-cam": "Deconvolution Grad-CAM",
    "occlusion": "Occlusion",
    "gradient": "Gradient",
    "input-x-gradient": "Input × Gradient",
    "integrated-gradients": "Integrated Gradients",
    "smoothgrad": "SmoothGrad",
    "grad-cam-plus-plus": "Grad-CAM++",
    "layer-cam": "LayerCAM",
    "score-cam": "Score-CAM",
    "rise": "RISE",
}


def method_name(method: str) -> str:
    """The printed name; a method of one's own is called as it is."""
    return METHOD_NAMES.get(method, method)
