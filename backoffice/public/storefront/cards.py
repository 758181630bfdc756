"""Cards with the addresses of their pictures."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from backoffice.public.media.links import cover_url
from backoffice.queries.catalogue import Card


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A card as templates see it: its fields, and `cover_url`."""

    course: Card
    cover_url: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.course, name)


def picture(card: Card, width: int = 480) -> str:
    """The address of the cover; empty while there is none."""
    if card.cover_id is None or not (card.cover_asset or {}).get("renditions"):
        return ""
    return cover_url(card.cover_id, card.cover_asset or {}, width)


def shown(cards: Iterable[Card]) -> list[ShownCard]:
    """Cards for a template."""
    return [ShownCard(card, picture(card)) for card in cards]
