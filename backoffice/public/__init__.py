"""The pages of visitors, students and authors."""

from flask import Flask

from backoffice.config import Settings
from backoffice.public import errors, incoming, security, sessions
from backoffice.public.account.routes import bp as account
from backoffice.public.auth.routes import bp as auth
from backoffice.public.callbacks import bp as callbacks
from backoffice.public.learning.routes import bp as learning
from backoffice.public.media.parts_routes import bp as media
from backoffice.public.site.routes import bp as site
from backoffice.public.storefront import bp as storefront
from backoffice.public.studio.earnings_routes import bp as studio


def init_app(app: Flask, settings: Settings) -> None:
    """Register every blueprint, and the doors in front of them."""
    incoming.init_app(app)
    sessions.init_app(app)
    security.init_app(app, settings)
    errors.init_app(app)
    app.register_blueprint(site)
    app.register_blueprint(callbacks)
    app.register_blueprint(auth)
    app.register_blueprint(storefront)
    app.register_blueprint(learning)
    app.register_blueprint(studio)
    app.register_blueprint(account)
    app.register_blueprint(media)
