"""The keyring, the store of links and that of keys. Opened when the first request needs them."""

from functools import cache

from django.conf import settings

import portward
from portward.http import Gate


@cache
def keyring() -> portward.Keyring:
    place = settings.DIRECTORY / "keyring"
    return portward.Keyring.open(place) if place.exists() else portward.Keyring.create(place)


@cache
def store() -> portward.Store:
    return portward.Store.open(f"sqlite:{settings.DIRECTORY / 'links.db'}", keyring(), create=True)


@cache
def keys() -> portward.KeyStore:
    opened = portward.KeyStore.open(f"sqlite:{settings.DIRECTORY / 'keys.db'}", keyring(), feed=store(), create=True)
    for tenant in settings.API_KEYS:
        try:
            opened.new_tenant(tenant)
        except portward.InvalidValue as error:
            if error.code != "key_exists":
                raise
    return opened


@cache
def gate() -> Gate:
    return Gate(portward.Portal(settings.ORIGIN), store())
