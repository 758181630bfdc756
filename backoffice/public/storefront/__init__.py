"""The shop: home, catalogue, course pages and authors."""

from backoffice.public.storefront import course_routes
from backoffice.public.storefront.routes import bp

__all__ = ["bp", "course_routes"]
