"""Where providers call back."""

from backoffice.public.callbacks.routes import bp

__all__ = ["bp"]
