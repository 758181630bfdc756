"""The blueprint of the account pages; the routes of each story hang themselves on it."""

from flask import Blueprint

bp = Blueprint("account", __name__, url_prefix="/account")
