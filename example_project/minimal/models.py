"""The model of the minimal project."""

from django.db import models


class Book(models.Model):
    """A book."""

    title = models.CharField(max_length=200)
    isbn = models.CharField(max_length=13, unique=True)

    def __str__(self) -> str:
        return self.title
