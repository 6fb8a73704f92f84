"""What the notebooks call: where the workshop is, what a step costs, where the model lies."""

from workshop.notebook.costs import cost_of
from workshop.notebook.model import is_stand_in, model_folder
from workshop.notebook.place import Workshop, find_workshop

__all__ = ["Workshop", "cost_of", "find_workshop", "is_stand_in", "model_folder"]
