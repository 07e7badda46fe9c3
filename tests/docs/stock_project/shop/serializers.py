"""The serializer of the examples."""

from rest_framework import serializers

from shop.models import Thing


class ThingSerializer(serializers.ModelSerializer):
    class Meta:
        model = Thing
        fields = ["id", "name"]
