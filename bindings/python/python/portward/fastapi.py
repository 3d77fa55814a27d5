"""The portal in FastAPI: see `portward.starlette`, which is all of it."""

from .starlette import PortalMiddleware, Session

__all__ = ["PortalMiddleware", "Session"]
