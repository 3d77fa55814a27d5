import uuid

from django.db import models

from portward.django.fields import BlindIndexField, EncryptedTextField
from portward.django.query import EncryptedManager


class Invoice(models.Model):
    """Its text and its bank account lie encrypted in the database."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    tenant = models.CharField(max_length=64)
    client = models.CharField(max_length=64)
    text = EncryptedTextField(tenant="tenant")
    iban = EncryptedTextField(tenant="tenant")
    # How many bits a table needs is told by portward.index_bits.
    iban_index = BlindIndexField(of="iban", bits=8, normaliser="ascii-lowercase")

    objects = EncryptedManager()

    class Meta:
        base_manager_name = "objects"
