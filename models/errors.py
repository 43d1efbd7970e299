"""What can go wrong in models/; every message names the thing and the remedy."""


class ModelsError(Exception):
    """Anything models/ cannot do as asked."""


class PhotographError(ModelsError):
    """A split, annotation or picture is missing or cannot be read."""


class ScenesError(ModelsError):
    """Scenes cannot be made, or the folder holds other ones."""


class NetworkError(ModelsError):
    """A network cannot be built or loaded as the definition asks."""


class TrainingError(ModelsError):
    """The data or the settings do not allow training."""
