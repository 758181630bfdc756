"""What gunicorn serves: `gunicorn wsgi:app`."""

import sys

from backoffice.app import create_app
from backoffice.errors import SettingsError

try:
    app = create_app()
except SettingsError as error:
    sys.exit(f"Lectern cannot start: {error}")
