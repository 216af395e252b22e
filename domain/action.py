"""What an `action` step may do, as an author writes it; one model per action, so that each names its own keys."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from domain.base import Frozen
from domain.fields import AttributeName, Key, Label, OneOrMore, Template


class _Action(Frozen):
    type: Literal["action"]
    id: Key


class UpdateStatus(_Action):
    """Set the contact's status."""

    action: Literal["update_status"]
    status: Label


class TagLead(_Action):
    """Add and remove tags."""

    action: Literal["tag_lead"]
    add: OneOrMore[Label] = ()
    remove: OneOrMore[Label] = ()

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.add and not self.remove:
            raise ValueError("`tag_lead` needs `add` or `remove`")
        return self


class MarkQualified(_Action):
    """Mark the contact as qualified."""

    action: Literal["mark_qualified"]


class NotifyUser(_Action):
    """Tell a user."""

    action: Literal["notify_user"]
    user: Label
    message: Template


class AssignToUser(_Action):
    """Assign the contact to one user, or to several in turn."""

    action: Literal["assign_to_user"]
    user: Label | None = None
    round_robin: Annotated[tuple[Label, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.user is None) == (self.round_robin is None):
            raise ValueError("`assign_to_user` needs either `user` or `round_robin`")
        return self


class AddToCampaign(_Action):
    """Make the contact a member of a campaign."""

    action: Literal["add_to_campaign"]
    campaign: Label


class Enroll(_Action):
    """Enroll the contact in another sequence."""

    action: Literal["enroll"]
    sequence: Key


class SetAttribute(_Action):
    """Write one of the contact's attributes."""

    action: Literal["set_attribute"]
    attribute: AttributeName
    value: Template


class Stop(_Action):
    """Stop the enrollment."""

    action: Literal["stop"]
    reason: Label | None = None


ActionStep = Annotated[
    UpdateStatus | TagLead | MarkQualified | NotifyUser | AssignToUser | AddToCampaign | Enroll | SetAttribute | Stop,
    Field(discriminator="action"),
]
