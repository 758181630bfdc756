"""Which actors hear which event: the one table (rule 8). Sorted by the order of `Event`; an empty tuple is nobody."""

from backoffice.outbox import Event
from backoffice.tasks.actors import media, moderation, money
from backoffice.tasks.registry import ActorFunction

ROUTES: dict[Event, tuple[ActorFunction, ...]] = {
    Event.USER_REGISTERED: (),
    Event.REGISTERED_AGAIN: (),
    Event.EMAIL_CONFIRMATION_ASKED: (),
    Event.PASSWORD_RESET_ASKED: (),
    Event.UPLOAD_RECEIVED: (media.process_upload,),
    Event.UPLOAD_PROCESSED: (moderation.judge_waiting,),
    Event.COURSE_SUBMITTED: (moderation.judge_submission,),
    Event.COURSE_REJECTED: (),
    Event.COURSE_PUBLISHED: (),
    Event.COURSE_BLOCKED: (),
    Event.COURSE_UNBLOCKED: (),
    Event.CHANGE_APPROVED: (),
    Event.PURCHASE_MADE: (),
    Event.PURCHASE_REFUNDED: (),
    Event.PURCHASE_RELEASED: (),
    Event.TOP_UP_STARTED: (money.settle_top_up,),
    Event.TOP_UP_SETTLED: (),
    Event.TOP_UP_DECLINED: (),
    Event.WITHDRAWAL_ASKED: (),
    Event.WITHDRAWAL_APPROVED: (money.pay_out,),
    Event.WITHDRAWAL_DECLINED: (),
    Event.WITHDRAWAL_PAID: (),
    Event.WITHDRAWAL_FAILED: (),
}
