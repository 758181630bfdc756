"""The author studio. Importing the package puts every route on its blueprint."""

from backoffice.public.studio import (
    archive_routes,
    assignment_routes,
    author_routes,
    caption_routes,
    content_routes,
    coupon_routes,
    cover_routes,
    file_routes,
    outline_routes,
    resource_routes,
    routes,
    version_routes,
)
from backoffice.public.studio.blueprint import bp

__all__ = [
    "archive_routes",
    "assignment_routes",
    "author_routes",
    "bp",
    "caption_routes",
    "content_routes",
    "coupon_routes",
    "cover_routes",
    "file_routes",
    "outline_routes",
    "resource_routes",
    "routes",
    "version_routes",
]
