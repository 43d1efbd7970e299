"""What can go wrong in stimuli/; each message names the thing and the remedy."""


class ExplanationError(Exception):
    """An explanation was asked for that this network, layer or target cannot give."""


class ExplanationWarning(UserWarning):
    """An explanation can be given, and it may not show what was meant."""


class RenderingError(Exception):
    """A map cannot be drawn (NaN or infinity, a wrong shape, an unknown recipe)."""


class SelectionError(Exception):
    """Too few images satisfy what a task asks for."""


class GenerationError(Exception):
    """The stimulus set cannot be made from these networks and categories."""


class StorageError(Exception):
    """The place of the stimulus set cannot be reached, read or written."""


class LauncherError(Exception):
    """The machines that were to make the stimuli cannot be used."""


class ObserverError(Exception):
    """A machine observer cannot take this study."""


class GalleryError(Exception):
    """The gallery cannot be written there."""


class EvaluationError(Exception):
    """The explanations of this study cannot be evaluated."""


class AttackError(Exception):
    """The photographs cannot be attacked as asked."""


class BiasError(Exception):
    """The experiment with a planted cue cannot be done with these photographs."""


class UnitsError(Exception):
    """Units of a network cannot be named."""
