"""The serializer that the examples speak of."""

from rest_framework import serializers

from shop.models import Thing


class ThingSerializer(serializers.ModelSerializer):
    """A thing as JSON."""

    class Meta:
        """Its fields."""

        model = Thing
        fields = ["id", "name"]
