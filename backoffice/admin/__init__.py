"""The back office: Flask-Admin for moderators and admins, closed by default (B-1 to B-6, B-8)."""

from flask import Flask
from flask_admin import Admin
from flask_admin.theme import Bootstrap4Theme

from backoffice.admin.registry import index, views
from backoffice.public.security import csp_nonce


def init_app(app: Flask) -> None:
    """Register the back office at /admin/."""
    settings = app.extensions["lectern.settings"]
    with app.app_context():
        admin = Admin(
            app,
            name=app.config["APP_NAME"],
            index_view=index(),
            theme=Bootstrap4Theme(base_template="admin/house.html", fluid=True),
            csp_nonce_generator=csp_nonce,
        )
        admin.add_views(*views(development=settings.development))
