# Made from include/wa.h and the tables in src/api. Do not edit: cargo run -p libwa-generator
"""The contents of messages: one frozen dataclass for each type.

`Message.typed_content` is one of them. Types and keys are described in include/EVENTS.md, under "Contents of messages".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from ._record import Record
from ._time import time_of_seconds


@dataclass(frozen=True, init=False, repr=False, eq=False)
class QuotedMessage(Record):
    """The message that another one answers. All that it says of the message is the word of the one
    who answers: nothing proves it.

    Attributes:
        message_id: Its id.
        sender: The JID of its sender, if that is known.
        from_me: True if this account sent it.
        chat: The JID of the conversation that it was sent in, if that is another one, such as
            `status@broadcast`.
        kind: The kind of it, as the field `kind` of a message; `unknown` if no copy of it came
            along.
        text: Its text, or its caption.
    """

    message_id: str
    sender: str | None
    from_me: bool
    chat: str | None
    kind: str
    text: str | None = field(repr=False)

    def __init__(
        self,
        *,
        message_id: str,
        sender: str | None = None,
        from_me: bool,
        chat: str | None = None,
        kind: str,
        text: str | None = None,
    ) -> None:
        own_ = self.__dict__
        own_["message_id"] = message_id
        own_["sender"] = sender
        own_["from_me"] = from_me
        own_["chat"] = chat
        own_["kind"] = kind
        own_["text"] = text

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> QuotedMessage:
        """Makes it of its JSON object."""
        return cls(
            message_id=o.get("message_id", ""),
            sender=o.get("sender"),
            from_me=o.get("from_me", False),
            chat=o.get("chat"),
            kind=o.get("kind", ""),
            text=o.get("text"),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class MessageTarget(Record):
    """The message that another one is about.

    Attributes:
        message_id: Its id.
        from_me: True if this account sent it.
        sender: The JID of its sender, if that is known.
        sender_phone: The phone number of its sender, digits only, if that is known.
    """

    message_id: str
    from_me: bool
    sender: str | None
    sender_phone: str | None

    def __init__(
        self,
        *,
        message_id: str,
        from_me: bool,
        sender: str | None = None,
        sender_phone: str | None = None,
    ) -> None:
        own_ = self.__dict__
        own_["message_id"] = message_id
        own_["from_me"] = from_me
        own_["sender"] = sender
        own_["sender_phone"] = sender_phone

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> MessageTarget:
        """Makes it of its JSON object."""
        return cls(
            message_id=o.get("message_id", ""),
            from_me=o.get("from_me", False),
            sender=o.get("sender"),
            sender_phone=o.get("sender_phone"),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class SharedContact(Record):
    """A contact in a message.

    Attributes:
        name: The name to show.
        vcard: The vCard.
    """

    name: str = field(repr=False)
    vcard: str = field(repr=False)

    def __init__(
        self,
        *,
        name: str,
        vcard: str,
    ) -> None:
        own_ = self.__dict__
        own_["name"] = name
        own_["vcard"] = vcard

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> SharedContact:
        """Makes it of its JSON object."""
        return cls(
            name=o.get("name", ""),
            vcard=o.get("vcard", ""),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class MessageContent(Record):
    """The content of a message: what one of any kind may have. Each type of content is a class of
    its own.

    Attributes:
        target: The message that this one is about: of a reaction, an edit, a deletion, a comment, a
            vote, a pin and so on.
        by_admin: True if an admin of the group deletes a message of another member. Edits and
            deletions by people who may not are not told.
        view_once: True if it is to be looked at once.
        forwarded: True if it was forwarded.
        mentions_all: True if it mentions everybody in the group.
        expires_in: The time after which it disappears. In seconds.
        too_large: True if the message has more than 1 MiB (1,048,576 bytes). Nothing of it is kept:
            the content has no other key.
    """

    target: MessageTarget | None
    by_admin: bool
    view_once: bool
    forwarded: bool
    mentions_all: bool
    expires_in: int | None
    too_large: bool

    # The keys without which a content is not of this type.
    _needed: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        *,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> MessageContent:
        """Makes it of its JSON object."""
        return cls(
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class TextContent(MessageContent):
    """A text. The kind of the message is one of `text`, `buttons_response`, `list_response`,
    `template_button_reply`.

    Attributes:
        link: The link, as it stands in the text, of which the message has a preview.
        title: The title of the page, in the preview.
    """

    link: str | None
    title: str | None = field(repr=False)

    def __init__(
        self,
        *,
        link: str | None = None,
        title: str | None = None,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["link"] = link
        own_["title"] = title
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> TextContent:
        """Makes it of its JSON object."""
        return cls(
            link=o.get("link"),
            title=o.get("title"),
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class ReactionContent(MessageContent):
    """A reaction to the message `target`. The text is the emoji; an empty one takes an earlier
    reaction back. The kind of the message is `reaction`.
    """

    def __init__(
        self,
        *,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> ReactionContent:
        """Makes it of its JSON object."""
        return cls(
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class EditContent(MessageContent):
    """A new version of the message `target`. The text is the new one. The kind of the message is
    `edit`.

    Attributes:
        kind: The kind of the new version, as the field `kind` of a message.
    """

    kind: str

    _needed = ("kind",)

    def __init__(
        self,
        *,
        kind: str,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["kind"] = kind
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> EditContent:
        """Makes it of its JSON object."""
        return cls(
            kind=o["kind"],
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class DeletionContent(MessageContent):
    """The message `target` is deleted for everybody. The kind of the message is `delete`."""

    def __init__(
        self,
        *,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> DeletionContent:
        """Makes it of its JSON object."""
        return cls(
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class CommentContent(MessageContent):
    """Something added to the message `target`. The kind of the message is one of `comment`,
    `poll_option_added`.

    Attributes:
        kind: The kind of what was added, as the field `kind` of a message.
    """

    kind: str

    _needed = ("kind",)

    def __init__(
        self,
        *,
        kind: str,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["kind"] = kind
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> CommentContent:
        """Makes it of its JSON object."""
        return cls(
            kind=o["kind"],
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class PollContent(MessageContent):
    """A poll. The text is the question. The kind of the message is `poll`.

    Attributes:
        options: The options, in their order.
        selectable: The number of options that may be chosen; 0 for any number.
    """

    options: list[str]
    selectable: int

    _needed = ("options", "selectable")

    def __init__(
        self,
        *,
        options: list[str],
        selectable: int,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["options"] = options
        own_["selectable"] = selectable
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> PollContent:
        """Makes it of its JSON object."""
        return cls(
            options=o["options"],
            selectable=o["selectable"],
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class PollVoteContent(MessageContent):
    """A vote in the poll `target`. Of several votes of one person the last counts. The kind of the
    message is `poll_vote`.

    Attributes:
        selected: All options that the voter chooses now, in the order of the poll; none takes an
            earlier vote back. They may be more than the poll allows: WhatsApp counts all of them.
            Missing if the vote could not be opened.
    """

    selected: list[str] | None

    def __init__(
        self,
        *,
        selected: list[str] | None = None,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["selected"] = selected
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> PollVoteContent:
        """Makes it of its JSON object."""
        return cls(
            selected=o.get("selected"),
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class LocationContent(MessageContent):
    """A place. The text is its name, or what was written beside it. The kind of the message is one
    of `location`, `live_location`.

    Attributes:
        latitude: Degrees north, from -90 to 90; what the sender wrote is not checked.
        longitude: Degrees east, from -180 to 180; what the sender wrote is not checked.
        address: The address of the place.
        live: True if it is where the sender is, updated for a while.
    """

    latitude: float
    longitude: float
    address: str | None = field(repr=False)
    live: bool

    _needed = ("latitude", "longitude", "live")

    def __init__(
        self,
        *,
        latitude: float,
        longitude: float,
        address: str | None = None,
        live: bool,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["latitude"] = latitude
        own_["longitude"] = longitude
        own_["address"] = address
        own_["live"] = live
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> LocationContent:
        """Makes it of its JSON object."""
        return cls(
            latitude=o["latitude"],
            longitude=o["longitude"],
            address=o.get("address"),
            live=o["live"],
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class ContactsContent(MessageContent):
    """Contact cards. The kind of the message is one of `contact`, `contacts`.

    Attributes:
        contacts: The contacts.
    """

    contacts: list[SharedContact]

    _needed = ("contacts",)

    def __init__(
        self,
        *,
        contacts: list[SharedContact],
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["contacts"] = contacts
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> ContactsContent:
        """Makes it of its JSON object."""
        return cls(
            contacts=[SharedContact.from_json(item) for item in o["contacts"]],
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class ImageContent(MessageContent):
    """A picture. The text is its caption. The kind of the message is `image`.

    Attributes:
        media: `image`.
        mimetype: The media type, such as `image/jpeg`, as the sender says.
        size: The length of the file in bytes.
        width: The width in pixels.
        height: The height in pixels.
    """

    media: str
    mimetype: str | None
    size: int | None
    width: int | None
    height: int | None

    _needed = ("media",)

    def __init__(
        self,
        *,
        media: str,
        mimetype: str | None = None,
        size: int | None = None,
        width: int | None = None,
        height: int | None = None,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["media"] = media
        own_["mimetype"] = mimetype
        own_["size"] = size
        own_["width"] = width
        own_["height"] = height
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> ImageContent:
        """Makes it of its JSON object."""
        return cls(
            media=o["media"],
            mimetype=o.get("mimetype"),
            size=o.get("size"),
            width=o.get("width"),
            height=o.get("height"),
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class VideoContent(MessageContent):
    """A video. The text is its caption. The kind of the message is one of `video`, `video_note`.

    Attributes:
        media: `video` or `video_note`.
        mimetype: The media type, such as `video/mp4`, as the sender says.
        size: The length of the file in bytes.
        seconds: The playing time in seconds.
        width: The width in pixels.
        height: The height in pixels.
    """

    media: str
    mimetype: str | None
    size: int | None
    seconds: int | None
    width: int | None
    height: int | None

    _needed = ("media",)

    def __init__(
        self,
        *,
        media: str,
        mimetype: str | None = None,
        size: int | None = None,
        seconds: int | None = None,
        width: int | None = None,
        height: int | None = None,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["media"] = media
        own_["mimetype"] = mimetype
        own_["size"] = size
        own_["seconds"] = seconds
        own_["width"] = width
        own_["height"] = height
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> VideoContent:
        """Makes it of its JSON object."""
        return cls(
            media=o["media"],
            mimetype=o.get("mimetype"),
            size=o.get("size"),
            seconds=o.get("seconds"),
            width=o.get("width"),
            height=o.get("height"),
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class AudioContent(MessageContent):
    """Sound: a voice message, or an audio file. The kind of the message is `audio`.

    Attributes:
        media: `audio`.
        mimetype: The media type, such as `audio/ogg; codecs=opus`, as the sender says.
        size: The length of the file in bytes.
        seconds: The playing time in seconds.
        voice: True for a voice message.
    """

    media: str
    mimetype: str | None
    size: int | None
    seconds: int | None
    voice: bool

    _needed = ("media",)

    def __init__(
        self,
        *,
        media: str,
        mimetype: str | None = None,
        size: int | None = None,
        seconds: int | None = None,
        voice: bool = False,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["media"] = media
        own_["mimetype"] = mimetype
        own_["size"] = size
        own_["seconds"] = seconds
        own_["voice"] = voice
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> AudioContent:
        """Makes it of its JSON object."""
        return cls(
            media=o["media"],
            mimetype=o.get("mimetype"),
            size=o.get("size"),
            seconds=o.get("seconds"),
            voice=bool(o.get("voice")),
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class DocumentContent(MessageContent):
    """A file of any type. The text is its caption. The kind of the message is `document`.

    Attributes:
        media: `document`.
        mimetype: The media type, such as `application/pdf`, as the sender says.
        file_name: The name of the file, as the sender says: check it before a file gets it.
        size: The length of the file in bytes.
    """

    media: str
    mimetype: str | None
    file_name: str | None = field(repr=False)
    size: int | None

    _needed = ("media",)

    def __init__(
        self,
        *,
        media: str,
        mimetype: str | None = None,
        file_name: str | None = None,
        size: int | None = None,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["media"] = media
        own_["mimetype"] = mimetype
        own_["file_name"] = file_name
        own_["size"] = size
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> DocumentContent:
        """Makes it of its JSON object."""
        return cls(
            media=o["media"],
            mimetype=o.get("mimetype"),
            file_name=o.get("file_name"),
            size=o.get("size"),
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class StickerContent(MessageContent):
    """A sticker. The kind of the message is `sticker`.

    Attributes:
        media: `sticker`.
        mimetype: The media type, such as `image/webp`, as the sender says.
        size: The length of the file in bytes.
        width: The width in pixels.
        height: The height in pixels.
    """

    media: str
    mimetype: str | None
    size: int | None
    width: int | None
    height: int | None

    _needed = ("media",)

    def __init__(
        self,
        *,
        media: str,
        mimetype: str | None = None,
        size: int | None = None,
        width: int | None = None,
        height: int | None = None,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["media"] = media
        own_["mimetype"] = mimetype
        own_["size"] = size
        own_["width"] = width
        own_["height"] = height
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> StickerContent:
        """Makes it of its JSON object."""
        return cls(
            media=o["media"],
            mimetype=o.get("mimetype"),
            size=o.get("size"),
            width=o.get("width"),
            height=o.get("height"),
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class StickerPackContent(MessageContent):
    """A set of stickers. The text is its caption. The kind of the message is `sticker_pack`.

    Attributes:
        media: `sticker_pack`.
        file_name: The name of the set.
        size: The length of the file in bytes.
    """

    media: str
    file_name: str | None = field(repr=False)
    size: int | None

    _needed = ("media",)

    def __init__(
        self,
        *,
        media: str,
        file_name: str | None = None,
        size: int | None = None,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["media"] = media
        own_["file_name"] = file_name
        own_["size"] = size
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> StickerPackContent:
        """Makes it of its JSON object."""
        return cls(
            media=o["media"],
            file_name=o.get("file_name"),
            size=o.get("size"),
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class PinContent(MessageContent):
    """The message `target` is pinned for all, or no longer. The kind of the message is `pin`.

    Attributes:
        on: True if it is pinned.
    """

    on: bool

    _needed = ("on",)

    def __init__(
        self,
        *,
        on: bool,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["on"] = on
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> PinContent:
        """Makes it of its JSON object."""
        return cls(
            on=o["on"],
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class KeepContent(MessageContent):
    """The message `target`, which would disappear, is kept for all, or no longer. The kind of the
    message is `keep`.

    Attributes:
        on: True if it is kept.
    """

    on: bool

    _needed = ("on",)

    def __init__(
        self,
        *,
        on: bool,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["on"] = on
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> KeepContent:
        """Makes it of its JSON object."""
        return cls(
            on=o["on"],
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class GroupInviteContent(MessageContent):
    """An invitation to a group. The text is what was written beside it. The kind of the message is
    `group_invite`.

    Attributes:
        group: The JID of the group.
        code: The code with which to join.
        name: The name of the group.
    """

    group: str | None
    code: str = field(repr=False)
    name: str | None = field(repr=False)

    _needed = ("code",)

    def __init__(
        self,
        *,
        group: str | None = None,
        code: str,
        name: str | None = None,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["group"] = group
        own_["code"] = code
        own_["name"] = name
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> GroupInviteContent:
        """Makes it of its JSON object."""
        return cls(
            group=o.get("group"),
            code=o["code"],
            name=o.get("name"),
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class EventContent(MessageContent):
    """An appointment. The text is its name. The kind of the message is `event`.

    Attributes:
        starts_at: When it begins, as the sender wrote it.
        ends_at: When it ends, as the sender wrote it.
        cancelled: True if it was cancelled.
    """

    starts_at: datetime | None
    ends_at: datetime | None
    cancelled: bool

    _needed = ("cancelled",)

    def __init__(
        self,
        *,
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
        cancelled: bool,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["starts_at"] = starts_at
        own_["ends_at"] = ends_at
        own_["cancelled"] = cancelled
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> EventContent:
        """Makes it of its JSON object."""
        return cls(
            starts_at=time_of_seconds(o.get("starts_at")),
            ends_at=time_of_seconds(o.get("ends_at")),
            cancelled=o["cancelled"],
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class EventResponseContent(MessageContent):
    """An answer to the appointment `target`. The kind of the message is `event_response`.

    Attributes:
        response: 1 for going, 2 for not going, 3 for maybe. Missing if the answer could not be
            opened.
    """

    response: int | None

    def __init__(
        self,
        *,
        response: int | None = None,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["response"] = response
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> EventResponseContent:
        """Makes it of its JSON object."""
        return cls(
            response=o.get("response"),
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class AlbumContent(MessageContent):
    """The announcement of pictures and videos that belong together; each follows as a message of
    its own. The kind of the message is `album`.

    Attributes:
        images: The number of pictures that follow.
        videos: The number of videos that follow.
    """

    images: int
    videos: int

    _needed = ("images", "videos")

    def __init__(
        self,
        *,
        images: int,
        videos: int,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["images"] = images
        own_["videos"] = videos
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> AlbumContent:
        """Makes it of its JSON object."""
        return cls(
            images=o["images"],
            videos=o["videos"],
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class DisappearingTimerContent(MessageContent):
    """The timer of the chat was set: messages in it disappear from now on, or no longer. The kind
    of the message is `disappearing_timer`.

    Attributes:
        seconds: The time in seconds after which messages disappear; 0 for never.
    """

    seconds: int

    _needed = ("seconds",)

    def __init__(
        self,
        *,
        seconds: int,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["seconds"] = seconds
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> DisappearingTimerContent:
        """Makes it of its JSON object."""
        return cls(
            seconds=o["seconds"],
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class OtherContent(MessageContent):
    """Any other content. Nothing beside the common fields is read of it: `raw` of the message has
    the rest. A wrapper is the kind of a message only if nothing can be read in it, and most
    messages between devices only if they cannot be read.
    """

    def __init__(
        self,
        *,
        target: MessageTarget | None = None,
        by_admin: bool = False,
        view_once: bool = False,
        forwarded: bool = False,
        mentions_all: bool = False,
        expires_in: int | None = None,
        too_large: bool = False,
    ) -> None:
        own_ = self.__dict__
        own_["target"] = target
        own_["by_admin"] = by_admin
        own_["view_once"] = view_once
        own_["forwarded"] = forwarded
        own_["mentions_all"] = mentions_all
        own_["expires_in"] = expires_in
        own_["too_large"] = too_large

    @classmethod
    def from_json(cls, o: dict[str, Any]) -> OtherContent:
        """Makes it of its JSON object."""
        return cls(
            target=MessageTarget.from_json(o["target"]) if o.get("target") else None,
            by_admin=bool(o.get("by_admin")),
            view_once=bool(o.get("view_once")),
            forwarded=bool(o.get("forwarded")),
            mentions_all=bool(o.get("mentions_all")),
            expires_in=o.get("expires_in_s"),
            too_large=bool(o.get("too_large")),
        )


# The types of content by kind of message.
BY_KIND: dict[str, type[MessageContent]] = {
    "text": TextContent,
    "buttons_response": TextContent,
    "list_response": TextContent,
    "template_button_reply": TextContent,
    "reaction": ReactionContent,
    "edit": EditContent,
    "delete": DeletionContent,
    "comment": CommentContent,
    "poll_option_added": CommentContent,
    "poll": PollContent,
    "poll_vote": PollVoteContent,
    "location": LocationContent,
    "live_location": LocationContent,
    "contact": ContactsContent,
    "contacts": ContactsContent,
    "image": ImageContent,
    "video": VideoContent,
    "video_note": VideoContent,
    "audio": AudioContent,
    "document": DocumentContent,
    "sticker": StickerContent,
    "sticker_pack": StickerPackContent,
    "pin": PinContent,
    "keep": KeepContent,
    "group_invite": GroupInviteContent,
    "event": EventContent,
    "event_response": EventResponseContent,
    "album": AlbumContent,
    "disappearing_timer": DisappearingTimerContent,
    "ai_media_collection": OtherContent,
    "ai_metadata": OtherContent,
    "ai_psi_metadata": OtherContent,
    "ai_query_fanout": OtherContent,
    "app_state_fatal": OtherContent,
    "app_state_key_request": OtherContent,
    "app_state_key_share": OtherContent,
    "associated_child": OtherContent,
    "audio_sticker": OtherContent,
    "bot_feedback": OtherContent,
    "bot_forwarded": OtherContent,
    "bot_invoke": OtherContent,
    "bot_platform_registration": OtherContent,
    "bot_task": OtherContent,
    "business_call": OtherContent,
    "business_setting": OtherContent,
    "buttons": OtherContent,
    "call": OtherContent,
    "call_log": OtherContent,
    "chat": OtherContent,
    "chat_theme": OtherContent,
    "coexistence_state": OtherContent,
    "conditional_reveal": OtherContent,
    "device_sent": OtherContent,
    "disappearing_timer_sync": OtherContent,
    "document_with_caption": OtherContent,
    "edited": OtherContent,
    "encrypted_comment": OtherContent,
    "encrypted_edit": OtherContent,
    "encrypted_event_edit": OtherContent,
    "encrypted_poll_edit": OtherContent,
    "encrypted_poll_option": OtherContent,
    "encrypted_reaction": OtherContent,
    "ephemeral": OtherContent,
    "event_cover_image": OtherContent,
    "event_invite": OtherContent,
    "fanout_backfill_request": OtherContent,
    "group_mentioned": OtherContent,
    "group_root_key": OtherContent,
    "group_status": OtherContent,
    "group_status_mention": OtherContent,
    "highly_structured": OtherContent,
    "history_bundle": OtherContent,
    "history_notice": OtherContent,
    "history_sync": OtherContent,
    "interactive": OtherContent,
    "interactive_response": OtherContent,
    "invoice": OtherContent,
    "lid_mapping": OtherContent,
    "limit_sharing": OtherContent,
    "list": OtherContent,
    "lottie_sticker": OtherContent,
    "mark_as_verified": OtherContent,
    "media_notify": OtherContent,
    "member_label": OtherContent,
    "music": OtherContent,
    "newsletter_admin_invite": OtherContent,
    "newsletter_admin_profile": OtherContent,
    "newsletter_admin_profile_status": OtherContent,
    "newsletter_follower_invite": OtherContent,
    "newsletter_scheduled": OtherContent,
    "order": OtherContent,
    "payment": OtherContent,
    "payment_invite": OtherContent,
    "payment_reminder": OtherContent,
    "payment_request": OtherContent,
    "payment_request_cancelled": OtherContent,
    "payment_request_declined": OtherContent,
    "peer_data_request": OtherContent,
    "peer_data_response": OtherContent,
    "phone_number_request": OtherContent,
    "phone_number_shared": OtherContent,
    "placeholder": OtherContent,
    "poll_option_image": OtherContent,
    "poll_result": OtherContent,
    "product": OtherContent,
    "protocol": OtherContent,
    "question": OtherContent,
    "question_reply": OtherContent,
    "question_response": OtherContent,
    "reminder": OtherContent,
    "rich_response": OtherContent,
    "root_secret": OtherContent,
    "scheduled_call": OtherContent,
    "scheduled_call_edit": OtherContent,
    "security_notification_setting": OtherContent,
    "split_payment": OtherContent,
    "split_payment_update": OtherContent,
    "spoiler": OtherContent,
    "status_add_yours": OtherContent,
    "status_link_preview": OtherContent,
    "status_mention": OtherContent,
    "status_notification": OtherContent,
    "status_question_answer": OtherContent,
    "status_quoted": OtherContent,
    "status_sticker_interaction": OtherContent,
    "sticker_sync": OtherContent,
    "stop_generation": OtherContent,
    "template": OtherContent,
    "thread_control": OtherContent,
    "unknown": OtherContent,
    "unschedule": OtherContent,
    "view_once": OtherContent,
    "welcome_request": OtherContent,
}


def content_from_json(kind: str, o: dict[str, Any] | None) -> MessageContent:
    """Makes the content of a message of its `kind` and its `content`, which is JSON.

    It is an `OtherContent` for a kind that this version of the package does not know, and for a content that lacks what its type
    always has: one that is too large, or that could not be read. Keys that this version does not know are left out.
    """
    o = o or {}
    found = BY_KIND.get(kind, OtherContent)
    if any(o.get(key) is None for key in found._needed):
        found = OtherContent
    return found.from_json(o)


__all__ = [
    "AlbumContent",
    "AudioContent",
    "CommentContent",
    "ContactsContent",
    "DeletionContent",
    "DisappearingTimerContent",
    "DocumentContent",
    "EditContent",
    "EventContent",
    "EventResponseContent",
    "GroupInviteContent",
    "ImageContent",
    "KeepContent",
    "LocationContent",
    "MessageContent",
    "MessageTarget",
    "OtherContent",
    "PinContent",
    "PollContent",
    "PollVoteContent",
    "QuotedMessage",
    "ReactionContent",
    "SharedContact",
    "StickerContent",
    "StickerPackContent",
    "TextContent",
    "VideoContent",
    "content_from_json",
]
