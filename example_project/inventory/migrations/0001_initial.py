"""The first tables."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

import example_project.inventory.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Operator",
            fields=[
                (
                    "id",
                    example_project.inventory.ids.IdField(
                        default=example_project.inventory.ids.new_id,
                        editable=False,
                        max_length=24,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "account",
                    example_project.inventory.ids.IdField(
                        default=example_project.inventory.ids.new_id, editable=False, max_length=24
                    ),
                ),
                ("first_name", models.CharField(max_length=100)),
                ("last_name", models.CharField(max_length=100)),
                ("email", models.EmailField(max_length=254, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name="Collection",
            fields=[
                (
                    "id",
                    example_project.inventory.ids.IdField(
                        default=example_project.inventory.ids.new_id,
                        editable=False,
                        max_length=24,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(db_index=True, max_length=255)),
                ("description", models.TextField(blank=True)),
                ("custom_fields", models.JSONField(default=dict)),
                ("tags", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ("created_at", "id"),
                "abstract": False,
                "indexes": [models.Index(fields=["created_at", "id"], name="collection_order")],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "collection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="inventory.collection"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                (
                    "access",
                    models.CharField(
                        choices=[("nothing", "Nothing"), ("read", "Read"), ("write", "Write")],
                        max_length=10,
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_keys",
                        to="inventory.operator",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Thng",
            fields=[
                (
                    "id",
                    example_project.inventory.ids.IdField(
                        default=example_project.inventory.ids.new_id,
                        editable=False,
                        max_length=24,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(db_index=True, max_length=255)),
                ("description", models.TextField(blank=True)),
                ("custom_fields", models.JSONField(default=dict)),
                ("tags", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "collections",
                    models.ManyToManyField(
                        related_name="thngs",
                        through="inventory.Membership",
                        to="inventory.collection",
                    ),
                ),
            ],
            options={
                "ordering": ("created_at", "id"),
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="membership",
            name="thng",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, to="inventory.thng"
            ),
        ),
        migrations.CreateModel(
            name="ThngIdentifier",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("type", models.CharField(max_length=100)),
                ("value", models.CharField(max_length=255)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identifier_rows",
                        to="inventory.thng",
                    ),
                ),
            ],
            options={
                "ordering": ("type",),
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="CollectionIdentifier",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("type", models.CharField(max_length=100)),
                ("value", models.CharField(max_length=255)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identifier_rows",
                        to="inventory.collection",
                    ),
                ),
            ],
            options={
                "ordering": ("type",),
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("type", "value"), name="collectionidentifier_unique"
                    ),
                    models.UniqueConstraint(
                        fields=("owner", "type"), name="collectionidentifier_one_per_type"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="thng",
            index=models.Index(fields=["created_at", "id"], name="thng_order"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                fields=("collection", "thng"), name="membership_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="thngidentifier",
            constraint=models.UniqueConstraint(
                fields=("type", "value"), name="thngidentifier_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="thngidentifier",
            constraint=models.UniqueConstraint(
                fields=("owner", "type"), name="thngidentifier_one_per_type"
            ),
        ),
    ]
