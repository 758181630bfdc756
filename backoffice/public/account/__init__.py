"""The account. Importing the package puts every route on its blueprint."""

from backoffice.public.account import (
    history_routes,
    profile_routes,
    purchase_routes,
    routes,
    top_up_routes,
    withdrawal_routes,
)
from backoffice.public.account.blueprint import bp

__all__ = ["bp", "history_routes", "profile_routes", "purchase_routes", "routes", "top_up_routes", "withdrawal_routes"]
