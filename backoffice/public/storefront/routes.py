"""The shop: home, catalogue and authors."""

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import get_locale

from backoffice import markdown
from backoffice.public.sessions import viewer
from backoffice.public.storefront import filters as addresses
from backoffice.public.storefront.cards import shown
from backoffice.queries import authors as author_queries
from backoffice.queries import catalogue, continuing, facets
from backoffice.queries.catalogue import Filters, Sort

bp = Blueprint("storefront", __name__)

HOME_CARDS = 8
HOME_AUTHORS = 6


def language() -> str:
    """The two letters of the reader's language."""
    return str(get_locale())[:2]


@bp.get("/")
def home() -> str:
    """What is new, what is liked, who teaches, and where the viewer stopped."""
    person = viewer()
    return render_template(
        "storefront/home.html",
        learning=continuing.lately(person.id) if person.id else [],
        categories=facets.categories(language()),
        newest=shown(catalogue.page(Filters(), size=HOME_CARDS).cards),
        best=shown(catalogue.page(Filters(sort=Sort.RATING), size=HOME_CARDS).cards),
        authors=author_queries.best_authors(HOME_AUTHORS),
    )


@bp.get("/courses")
def courses() -> str:
    """The catalogue; filters, order and place are in the address."""
    chosen = addresses.parse(request.args)
    page = catalogue.page(chosen, before=request.args.get("before"), after=request.args.get("after"))
    choices = facets.facets(chosen, language())
    return render_template(
        "storefront/courses.html",
        filters=chosen,
        facets=choices,
        cards=shown(page.cards),
        chips=addresses.chips(chosen, choices),
        level_names=addresses.level_names(),
        sorts=addresses.sort_names(),
        before=addresses.address(chosen, before=page.before) if page.before else "",
        after=addresses.address(chosen, after=page.after) if page.after else "",
        popular=shown(catalogue.page(Filters(sort=Sort.POPULAR), size=4).cards) if not choices.total else [],
    )


@bp.get("/authors")
def authors() -> str:
    """Authors who have something on sale."""
    after = request.args.get("after", "").replace("\x00", "")
    found, key = author_queries.authors(after=after)
    return render_template(
        "storefront/authors.html",
        authors=found,
        first=url_for(".authors") if after else "",
        after=url_for(".authors", after=key) if key else "",
    )


@bp.get("/authors/<slug>")
def author(slug: str) -> str:
    """One author with their courses on sale."""
    found = author_queries.author_page(slug)
    if found is None:
        abort(404)
    return render_template(
        "storefront/author.html", page=found, about=markdown.render(found.about), cards=shown(found.courses)
    )
