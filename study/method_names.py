"""Methods' names as papers and the report write them."""

METHOD_NAMES = {
    "grad-cam": "Grad-CAM",
    "counterfactual-grad-cam": "Counterfactual Grad-CAM",
    "cam": "CAM",
    "guided-backprop": "Guided Backpropagation",
    "deconvolution": "Deconvolution",
    "guided-grad-cam": "Guided Grad-CAM",
    "deconvolution-grad-cam": "Deconvolution Grad-CAM",
    "occlusion": "Occlusion",
}


def method_name(method: str) -> str:
    """As it stands for a method of one's own."""
    return METHOD_NAMES.get(method, method)
