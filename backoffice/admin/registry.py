"""All views of the back office, in the order of the menu; the tests of access walk this list (B-8)."""

from flask_admin import BaseView
from flask_babel import lazy_gettext as _l

from backoffice.admin.base import MENU_TITLES
from backoffice.admin.catalogues import CataloguesPage
from backoffice.admin.coupons import CouponsPage
from backoffice.admin.courses import CoursesPage
from backoffice.admin.dashboard import Dashboard
from backoffice.admin.ledger import CorrectionsPage, LedgerPage, ProofPage
from backoffice.admin.purchases import PurchaseBrowser
from backoffice.admin.review import ReviewQueue
from backoffice.admin.sales import SalesPage
from backoffice.admin.tasks import DeliveryBrowser, EventBrowser, LetterBrowser, ParkedPage, SweepBrowser, UploadBrowser
from backoffice.admin.users import UserBrowser
from backoffice.admin.withdrawals import WithdrawalsPage
from backoffice.db import db
from backoffice.models.letters import Letter
from backoffice.models.media import Upload
from backoffice.models.outbox import Delivery, OutboxEvent, SweepRun
from backoffice.models.people import User
from backoffice.models.purchases import Purchase


def index() -> Dashboard:
    """The first page."""
    return Dashboard(name=_l("Overview"), endpoint="admin", url="/admin")


def views(*, development: bool) -> list[BaseView]:
    """Every other view; letters can be read in development only (X-6)."""
    review, money, tasks = MENU_TITLES
    made: list[BaseView] = [
        ReviewQueue(name=_l("Waiting for review"), category=review, endpoint="admin_review", url="review"),
        CoursesPage(name=_l("Courses"), category=review, endpoint="admin_courses", url="courses"),
        UploadBrowser(Upload, db, name=_l("Stuck uploads"), category=review, endpoint="admin_uploads", url="uploads"),
        WithdrawalsPage(name=_l("Withdrawals"), category=money, endpoint="admin_withdrawals", url="withdrawals"),
        PurchaseBrowser(
            Purchase, db, name=_l("Purchases"), category=money, endpoint="admin_purchases", url="purchases"
        ),
        SalesPage(name=_l("Sales"), category=money, endpoint="admin_sales", url="sales"),
        LedgerPage(name=_l("Ledger"), category=money, endpoint="admin_ledger", url="ledger"),
        CorrectionsPage(name=_l("Corrections"), category=money, endpoint="admin_corrections", url="corrections"),
        ProofPage(name=_l("Proof of the book"), category=money, endpoint="admin_proof", url="proof"),
        CouponsPage(name=_l("Coupons"), category=money, endpoint="admin_coupons", url="coupons"),
        UserBrowser(User, db, name=_l("Users"), endpoint="admin_users", url="users"),
        CataloguesPage(name=_l("Catalogues"), endpoint="admin_catalogues", url="catalogues"),
        ParkedPage(name=_l("Parked tasks"), category=tasks, endpoint="admin_parked", url="parked"),
        DeliveryBrowser(
            Delivery, db, name=_l("Deliveries"), category=tasks, endpoint="admin_deliveries", url="deliveries"
        ),
        EventBrowser(OutboxEvent, db, name=_l("Events"), category=tasks, endpoint="admin_events", url="events"),
        SweepBrowser(SweepRun, db, name=_l("Sweeps"), category=tasks, endpoint="admin_sweeps", url="sweeps"),
    ]
    if development:
        made.append(LetterBrowser(Letter, db, name=_l("Letters"), endpoint="admin_letters", url="letters"))
    return made
