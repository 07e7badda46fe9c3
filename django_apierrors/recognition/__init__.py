"""From an exception to an `Error`."""

from django_apierrors.recognition.lookup import recognise, recognise_class_path

__all__ = ["recognise", "recognise_class_path"]
