"""The model that the examples speak of."""

from django.db import models


class Thing(models.Model):
    """Something with a name that no other has."""

    name = models.CharField(max_length=50, unique=True)

    def __str__(self):
        return self.name
