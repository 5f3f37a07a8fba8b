"""What can go wrong in the domain: codes, never prose. The edges put them into words."""

from __future__ import annotations


class DomainError(Exception):
    """The base of all of them; ``code`` is a stable slug that edges translate."""

    code = "refused"


class EmptyTip(DomainError):
    """Nothing was said."""

    code = "empty"


class TooLong(DomainError):
    """More was said than one report can hold."""

    code = "too_long"


class NoDeskKey(DomainError):
    """No desk that may read this has a key yet; nothing is stored (fail closed)."""

    code = "no_desk_key"


class AllDesksExcluded(DomainError):
    """No desk would be left that may read it; nothing is stored or changed."""

    code = "all_desks_excluded"


class ConsentMissing(DomainError):
    """Whether the reporter or the victim agreed to a referral was not said."""

    code = "consent_missing"


class NothingChosen(DomainError):
    """Nothing was chosen that a referral should pass on."""

    code = "nothing_chosen"


class UnknownReceipt(DomainError):
    """No thread opens with these digits."""

    code = "unknown_receipt"


class UnknownDesk(DomainError):
    """There is no desk of this name."""

    code = "unknown_desk"


class UnknownPlace(DomainError):
    """There is no place of this name."""

    code = "unknown_place"


class UnknownCategory(DomainError):
    """There is no category of this name."""

    code = "unknown_category"


class BadEnvelope(DomainError):
    """A sealed tip is not in the form that desks can open."""

    code = "bad_envelope"


class BadPhoneNumber(DomainError):
    """This cannot be a phone number."""

    code = "bad_phone"


class NotFound(DomainError):
    """No such thing, or not for this desk: the two look the same."""

    code = "not_found"


class ForbiddenMove(DomainError):
    """The lifecycle does not allow this move from this stage."""

    code = "forbidden_move"


class ReasonMissing(DomainError):
    """This step needs a written reason."""

    code = "reason_missing"


class ApprovalNeeded(DomainError):
    """A supervisor of the desk has to agree before a tip is closed without action."""

    code = "approval_needed"


class BadCounts(DomainError):
    """The counts of an outcome cannot be true together."""

    code = "bad_counts"


class BadTime(DomainError):
    """It cannot have been done at that time: it lies ahead, or before the report came."""

    code = "bad_time"


class StationMissing(DomainError):
    """It is not said to which police station something was passed on."""

    code = "station_missing"


class ExcludedDesk(DomainError):
    """The reporter asked that this desk should not see the tip."""

    code = "excluded_desk"


class AlreadyThere(DomainError):
    """It is there already."""

    code = "already_there"


class NotAllowed(DomainError):
    """This person's role does not allow it."""

    code = "not_allowed"


class NoPhone(DomainError):
    """No phone number came with this that could be blocked."""

    code = "no_phone"


class CannotReply(DomainError):
    """The reporter left no way to be answered."""

    code = "cannot_reply"


class SignInRefused(DomainError):
    """Name, password or code is wrong: which one is not said."""

    code = "sign_in_refused"


class SignInNeeded(DomainError):
    """Nobody is signed in, or the sign-in has run out."""

    code = "sign_in_needed"


class EnrolFirst(DomainError):
    """A second factor is needed here and this person has not set it up yet."""

    code = "must_enrol"


class DeskNotReady(DomainError):
    """Nobody of that desk has signed in yet, so nothing can be sealed to it."""

    code = "desk_not_ready"


class NoDeskAccess(DomainError):
    """Signed in, but no colleague has shared the desk's key with this person yet."""

    code = "no_desk_access"


class WeakPassword(DomainError):
    """A password of one's own needs 14 characters or more."""

    code = "weak_password"


class NameTaken(DomainError):
    """An account of this name exists."""

    code = "name_taken"


class TooMany(DomainError):
    """Too many wrong tries; after a while one may try again."""

    code = "too_many"


class Busy(DomainError):
    """Too many ask at once; trying again in a moment helps."""

    code = "busy"


class SettingsError(Exception):
    """One or more settings are wrong; each is named with what it should be."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        """Take ``(setting, what it should be)`` pairs."""
        self.problems = problems
        super().__init__("; ".join(f"{name}: {should}" for name, should in problems))
