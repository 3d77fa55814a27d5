import json
import os
from pathlib import Path

DIRECTORY = Path(os.environ.get("PORTAL_DIRECTORY", "data"))
DIRECTORY.mkdir(parents=True, exist_ok=True)
ORIGIN = os.environ.get("PORTAL_ORIGIN", "http://localhost:8000")
API_KEYS: dict[str, str] = json.loads(os.environ.get("PORTAL_API_KEYS", "{}"))  # of each tenant

SECRET_KEY = os.environ.get("PORTAL_SECRET_KEY", "not used: there are no sessions of Django's")
DEBUG = False
ALLOWED_HOSTS = ["localhost", "portal.example"]
USE_TZ = True
ROOT_URLCONF = "portal.urls"
INSTALLED_APPS = ["portward.django", "portal"]
MIDDLEWARE = ["portward.django.middleware.PortalMiddleware", "django.middleware.security.SecurityMiddleware"]
# Not one of portward's files: nothing else opens those.
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DIRECTORY / "app.db"}}

PORTWARD_GATE = "portal.services.gate"
PORTWARD_KEYS = "portal.services.keys"
