"""The model of the examples."""

from django.db import models


class Thing(models.Model):
    """A product with a unique name."""

    name = models.CharField(max_length=50, unique=True)

    def __str__(self):
        return self.name
