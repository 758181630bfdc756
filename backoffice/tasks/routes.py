"""Which actors hear which event: the one table (rule 8). Sorted by the order of `Event`; an empty tuple is nobody."""

from backoffice.outbox import Event
from backoffice.tasks.actors import archives, chunks, course_exports, exports, files, letters, media, moderation, money
from backoffice.tasks.registry import ActorFunction

ROUTES: dict[Event, tuple[ActorFunction, ...]] = {
    Event.USER_REGISTERED: (letters.on_registered,),
    Event.REGISTERED_AGAIN: (letters.on_registered_again,),
    Event.EMAIL_CONFIRMATION_ASKED: (letters.on_confirmation_asked,),
    Event.PASSWORD_RESET_ASKED: (letters.on_password_reset_asked,),
    Event.UPLOAD_RECEIVED: (media.process_upload,),
    Event.ARCHIVE_RECEIVED: (archives.import_course,),
    Event.UPLOAD_PROCESSED: (moderation.judge_waiting, letters.on_archive_processed),
    Event.PRODUCTS_UNUSED: (files.clear_products,),
    Event.UPLOAD_CHUNK_QUEUED: (chunks.make_chunk,),
    Event.UPLOAD_CHUNKS_DONE: (chunks.join_chunks,),
    Event.COURSE_SUBMITTED: (moderation.judge_submission,),
    Event.COURSE_REJECTED: (letters.on_course_rejected,),
    Event.COURSE_PUBLISHED: (letters.on_course_published,),
    Event.COURSE_BLOCKED: (letters.on_course_blocked,),
    Event.COURSE_UNBLOCKED: (letters.on_course_unblocked,),
    Event.CHANGE_APPROVED: (letters.on_change_approved,),
    Event.PURCHASE_MADE: (letters.on_purchase_made,),
    Event.PURCHASE_REFUNDED: (letters.on_purchase_refunded, letters.on_sale_cancelled),
    Event.PURCHASE_RELEASED: (letters.on_purchase_released,),
    Event.PURCHASE_CLAWED_BACK: (letters.on_purchase_clawed_back, letters.on_sale_clawed_back),
    Event.TOP_UP_STARTED: (money.settle_top_up,),
    Event.TOP_UP_SETTLED: (letters.on_top_up_settled,),
    Event.TOP_UP_DECLINED: (letters.on_top_up_declined,),
    Event.TOP_UP_CHARGED_BACK: (letters.on_top_up_charged_back,),
    Event.PROOF_ASKED: (money.prove_book,),
    Event.EXPORT_ASKED: (exports.write_export,),
    Event.COURSE_EXPORT_ASKED: (course_exports.write_course_export,),
    Event.EXPORT_DONE: (letters.on_export_done,),
    Event.WITHDRAWAL_ASKED: (),
    Event.WITHDRAWAL_APPROVED: (money.pay_out, letters.on_withdrawal_approved),
    Event.WITHDRAWAL_DECLINED: (letters.on_withdrawal_declined,),
    Event.WITHDRAWAL_CANCELLED: (letters.on_withdrawal_cancelled,),
    Event.WITHDRAWAL_PAID: (letters.on_withdrawal_paid,),
    Event.WITHDRAWAL_FAILED: (letters.on_withdrawal_failed,),
    Event.WITHDRAWAL_BOUNCED: (letters.on_withdrawal_bounced,),
}
