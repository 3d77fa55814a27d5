"""The portal in Django: middleware, a decorator, and encrypted fields of models.

    INSTALLED_APPS = [..., "portward.django"]
    MIDDLEWARE = ["portward.django.middleware.PortalMiddleware", ...]
    PORTWARD_GATE = "project.portal.gate"       # a portward.http.Gate, or a function that makes it
    PORTWARD_KEYS = "project.portal.keys"       # a portward.KeyStore, or a function that makes it; for encrypted fields
"""
