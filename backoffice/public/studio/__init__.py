"""The author studio. Importing the package puts every route on its blueprint."""

from backoffice.public.studio import (
    assignment_routes,
    author_routes,
    content_routes,
    coupon_routes,
    cover_routes,
    outline_routes,
    resource_routes,
    routes,
    version_routes,
)
from backoffice.public.studio.blueprint import bp

__all__ = [
    "assignment_routes",
    "author_routes",
    "bp",
    "content_routes",
    "coupon_routes",
    "cover_routes",
    "outline_routes",
    "resource_routes",
    "routes",
    "version_routes",
]
