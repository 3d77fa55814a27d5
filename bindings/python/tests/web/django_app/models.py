from __future__ import annotations

import uuid

from django.db import models

from portward.django.fields import BlindIndexField, EncryptedBinaryField, EncryptedTextField
from portward.django.query import EncryptedManager


class Invoice(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email_index = BlindIndexField(of="email", bits=4, normaliser="ascii-lowercase")
    tenant = models.CharField(max_length=64)
    title = models.CharField(max_length=64, default="")
    notes = EncryptedTextField(tenant="tenant", null=True, blank=True)
    email = EncryptedTextField(tenant="tenant", null=True)
    scan = EncryptedBinaryField(tenant="tenant", null=True)

    objects = EncryptedManager()

    class Meta:
        base_manager_name = "objects"


class Counted(Invoice):
    """Another class of the same rows."""

    objects = EncryptedManager()

    class Meta:
        proxy = True


class Plainly(models.Model):
    """What `manage.py check` complains about."""

    notes = EncryptedTextField(tenant="nobody", unique=True)
