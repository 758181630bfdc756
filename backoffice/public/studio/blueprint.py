"""The author studio: courses, their content, hand-in and sale."""

from flask import Blueprint

bp = Blueprint("studio", __name__, url_prefix="/studio")
