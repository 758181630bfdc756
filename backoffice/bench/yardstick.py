"""What a plain Flask application does with files: the measure of ours. Run by the same server, beside the shop."""

import os
from pathlib import Path

from flask import Flask, Response, request, send_file
from werkzeug.wrappers import Response as BaseResponse

from backoffice.integrations.storage.ranges import range_response

FOLDER = Path(os.environ.get("YARDSTICK_FOLDER", "."))
FILE = "rendition.m4s"

app = Flask(__name__)


@app.get("/send-file")
def with_send_file() -> Response:
    """The rendition, or a range of it, as Flask sends files."""
    return send_file(FOLDER / FILE, conditional=True)


@app.get("/range")
def with_our_handler() -> BaseResponse:
    """The same by the handler of the house."""
    return range_response(FOLDER / FILE, request.environ)


@app.post("/form")
def take_form() -> Response:
    """A file from a form with several parts."""
    request.files["file"].save(FOLDER / "form.part")
    return Response(status=204)
