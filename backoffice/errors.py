"""Errors of the domain: each has a stable code for machines and a translated sentence for people (rule 13)."""

from typing import Any, ClassVar


class DomainError(Exception):
    """Something the domain refuses. Edges turn it into a flash, a page or JSON; nobody swallows it.

    `code` is stable and machine readable (`purchase.price_changed`); `message` is a (lazily) translated sentence;
    `data` holds what a page needs to offer the next step, for example the missing amount.
    """

    status: ClassVar[int] = 400

    def __init__(self, code: str, message: Any, **data: Any) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.data = data

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class NotAllowed(DomainError):
    """The actor may not do this (B-8)."""

    status = 403


class NotFound(DomainError):
    """There is no such thing, or the actor may not know that there is."""

    status = 404


class Conflict(DomainError):
    """The thing has changed since it was shown, or its state does not allow this (L-10)."""

    status = 409


class Refused(DomainError):
    """The input is understood and breaks a rule; `data["field"]` names the form field where there is one."""

    status = 422


class SettingsError(Exception):
    """A setting is missing or senseless; the start stops with this one line."""
