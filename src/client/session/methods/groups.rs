//! Methods of groups.

use std::collections::VecDeque;

use super::invite_code;
use super::params::Params;
use super::{MethodRow, Parsed};
use crate::api::{Error, MethodInfo, ParamInfo, Status, param};
use crate::client::recipient;
use crate::client::session::Session;
use crate::client::session::call::CallHandler;
use crate::client::session::handled::Handled;
use crate::messaging::engine::{GroupCommand, GroupPlan, GroupRequest, GroupSetting};
use crate::messaging::stanzas::group_requests::MemberAction;
use crate::stanza::{Jid, Server};

/// The group that a method is about.
const GROUP: ParamInfo = param("chat", "text", false, "The group's JID.");

/// The people that a method is about.
const MEMBERS: ParamInfo =
    param("members", "array of text", false, "They, as JIDs or phone numbers with their country codes.");

/// The outcome for each of them.
const OUTCOMES: ParamInfo = param(
    "members",
    "array of objects",
    false,
    "The outcome for each of them: `jid`, `phone`, `outcome` (`done`, `must_be_invited`, `left_lately`, `already_so`, `blocked_us`, `not_found`, `group_is_full`, `refused`), WhatsApp's `code` for it, and for `must_be_invited` the `invite_code` and `invite_expires_at_ms` for an invitation by message.",
);

const EXPIRATION: ParamInfo = param(
    "expiration_s",
    "integer",
    true,
    "After how many seconds messages disappear; 0 for never. Official clients offer 86400, 604800 and 7776000.",
);

/// The fields of everything about a group.
const GROUP_FIELDS: &[ParamInfo] = &[
    param("chat", "text", false, "The group's JID."),
    param("subject", "text", true, "Its name."),
    param("description", "text", true, "Its description."),
    param("creator", "text", true, "The JID of who made it."),
    param("created_at_ms", "integer", true, "When."),
    param("size", "integer", false, "The number of its members."),
    param(
        "members",
        "array of objects",
        false,
        "The members, each with `jid`, `phone` (null if it is not known), `rank` (`member`, `admin`, `super_admin`).",
    ),
    param(
        "not_added",
        "array of objects",
        false,
        "Those who were to be members and are not, as `group.add` says it.",
    ),
    param("announcement", "boolean", false, "Whether only admins may send."),
    param("locked", "boolean", false, "Whether only admins may change name, picture and description."),
    param("expiration_s", "integer", false, "After how many seconds messages disappear; 0 for never."),
    param("all_may_add", "boolean", true, "Whether all members may add others, if it is said."),
    param("all_may_invite", "boolean", true, "Whether all members may see the invite link, if it is said."),
    param("join_approval", "boolean", false, "Whether admins confirm who joins."),
    param("suspended", "boolean", false, "Whether WhatsApp has closed it."),
    param("community", "boolean", false, "Whether it is a community."),
    param("parent", "text", true, "The JID of the community that it is part of."),
];

pub(super) const ROWS: &[MethodRow] = &[
    MethodRow {
        info: MethodInfo {
            name: "group.add",
            params: &[GROUP, MEMBERS],
            result: &[OUTCOMES],
            needs_login: true,
            since: "0.1.0",
            sentence: "Adds members to a group.",
        },
        parse: |params| command(GroupCommand::Add(group(params)?, members(params)?)),
    },
    MethodRow {
        info: MethodInfo {
            name: "group.create",
            params: &[
                param("subject", "text", false, "Its name."),
                param(
                    "members",
                    "array of text",
                    true,
                    "The others in it, as JIDs or phone numbers with their country codes.",
                ),
                param("description", "text", true, "Its description."),
                param("announcement", "boolean", true, "Whether only admins may send."),
                param(
                    "locked",
                    "boolean",
                    true,
                    "Whether only admins may change name, picture and description.",
                ),
                EXPIRATION,
            ],
            result: GROUP_FIELDS,
            needs_login: true,
            since: "0.1.0",
            sentence: "Makes a group. Who could not be added stands in `not_added`.",
        },
        parse: |params| command(GroupCommand::Create(plan(params)?)),
    },
    MethodRow {
        info: MethodInfo {
            name: "group.demote",
            params: &[GROUP, MEMBERS],
            result: &[OUTCOMES],
            needs_login: true,
            since: "0.1.0",
            sentence: "Makes admins of a group plain members.",
        },
        parse: |params| command(GroupCommand::Change(group(params)?, MemberAction::Demote, members(params)?)),
    },
    MethodRow {
        info: MethodInfo {
            name: "group.description",
            params: &[
                GROUP,
                param("description", "text", true, "The new text; left out, the old one is taken away."),
            ],
            result: &[],
            needs_login: true,
            since: "0.1.0",
            sentence: "Changes what a group says it is about.",
        },
        parse: |params| command(one(group(params)?, GroupSetting::Description(description(params)))),
    },
    MethodRow {
        info: MethodInfo {
            name: "group.info",
            params: &[GROUP],
            result: GROUP_FIELDS,
            needs_login: true,
            since: "0.1.0",
            sentence: "Asks for everything about a group.",
        },
        parse: |params| command(GroupCommand::Info(group(params)?)),
    },
    MethodRow {
        info: MethodInfo {
            name: "group.invite",
            params: &[
                GROUP,
                param(
                    "reset",
                    "boolean",
                    true,
                    "Whether the old link is to lead nowhere, and a new one made.",
                ),
            ],
            result: &[
                param("code", "text", false, "The code."),
                param("link", "text", false, "The link with it."),
            ],
            needs_login: true,
            since: "0.1.0",
            sentence: "Asks for the link by which people join a group.",
        },
        parse: |params| {
            command(GroupCommand::Invite(group(params)?, flag(params, "reset")?.unwrap_or(false)))
        },
    },
    MethodRow {
        info: MethodInfo {
            name: "group.join",
            params: &[param("code", "text", false, "The invite code, or the link with it.")],
            result: &[GROUP, param("pending", "boolean", false, "Whether an admin must confirm it first.")],
            needs_login: true,
            since: "0.1.0",
            sentence: "Joins a group by its invite code.",
        },
        parse: |params| command(GroupCommand::Join(invite_code::code(params)?)),
    },
    MethodRow {
        info: MethodInfo {
            name: "group.leave",
            params: &[GROUP],
            result: &[],
            needs_login: true,
            since: "0.1.0",
            sentence: "Leaves a group.",
        },
        parse: |params| command(GroupCommand::Leave(group(params)?)),
    },
    MethodRow {
        info: MethodInfo {
            name: "group.list",
            params: &[],
            result: &[param(
                "groups",
                "array of objects",
                false,
                "The groups, each like the result of `group.info`.",
            )],
            needs_login: true,
            since: "0.1.0",
            sentence: "Asks for all groups that the account is in.",
        },
        parse: |_| command(GroupCommand::List),
    },
    MethodRow {
        info: MethodInfo {
            name: "group.promote",
            params: &[GROUP, MEMBERS],
            result: &[OUTCOMES],
            needs_login: true,
            since: "0.1.0",
            sentence: "Makes members of a group admins.",
        },
        parse: |params| {
            command(GroupCommand::Change(group(params)?, MemberAction::Promote, members(params)?))
        },
    },
    MethodRow {
        info: MethodInfo {
            name: "group.remove",
            params: &[GROUP, MEMBERS],
            result: &[OUTCOMES],
            needs_login: true,
            since: "0.1.0",
            sentence: "Puts members out of a group.",
        },
        parse: |params| command(GroupCommand::Change(group(params)?, MemberAction::Remove, members(params)?)),
    },
    MethodRow {
        info: MethodInfo {
            name: "group.settings",
            params: &[
                GROUP,
                param("announcement", "boolean", true, "Whether only admins may send."),
                param(
                    "locked",
                    "boolean",
                    true,
                    "Whether only admins may change name, picture and description.",
                ),
                EXPIRATION,
                param("all_may_add", "boolean", true, "Whether all members may add others."),
                param("all_may_invite", "boolean", true, "Whether all members may see the invite link."),
                param("join_approval", "boolean", true, "Whether admins confirm who joins."),
            ],
            result: &[],
            needs_login: true,
            since: "0.1.0",
            sentence: "Changes settings of a group, one after the other; if one is refused, those before it are changed.",
        },
        parse: |params| command(GroupCommand::Settings(group(params)?, settings(params)?)),
    },
    MethodRow {
        info: MethodInfo {
            name: "group.subject",
            params: &[GROUP, param("subject", "text", false, "The new name.")],
            result: &[],
            needs_login: true,
            since: "0.1.0",
            sentence: "Gives a group a new name.",
        },
        parse: |params| command(one(group(params)?, GroupSetting::Subject(subject(params)?))),
    },
];

#[derive(Debug)]
struct GroupCall(GroupCommand);

impl CallHandler for GroupCall {
    fn run(&self, session: &mut Session, request: u64) -> Handled {
        let group_request = GroupRequest { request, command: self.0.clone() };
        session.core.with_engine(|engine, cx| engine.group_request(&group_request, cx))?;
        Ok(())
    }
}

fn command(command: GroupCommand) -> Parsed {
    Ok(Box::new(GroupCall(command)))
}

fn one(group: Jid, setting: GroupSetting) -> GroupCommand {
    GroupCommand::Settings(group, [setting].into())
}

fn group(params: &Params) -> Result<Jid, Error> {
    let group = recipient::parse(params.text("chat")?)?;
    if group.server == Server::Group {
        return Ok(group);
    }
    let text = "this is no group; the address of one ends in @g.us";
    Err(Error::new(Status::UNSUPPORTED_CHAT, text).with_key("chat"))
}

/// People, each as a JID or a phone number.
fn people(texts: Vec<String>) -> Result<Vec<Jid>, Error> {
    texts.iter().map(|text| recipient::person(text, "members")).collect()
}

fn members(params: &Params) -> Result<Vec<Jid>, Error> {
    people(params.texts("members")?)
}

fn subject(params: &Params) -> Result<String, Error> {
    let subject = params.text("subject")?.trim();
    if subject.is_empty() { Err(params.wrong("subject", "is empty")) } else { Ok(subject.to_owned()) }
}

fn description(params: &Params) -> Option<String> {
    params.optional_text("description").filter(|text| !text.is_empty()).map(str::to_owned)
}

fn flag(params: &Params, name: &str) -> Result<Option<bool>, Error> {
    params.value(name).map(|_| params.flag(name)).transpose()
}

fn plan(params: &Params) -> Result<GroupPlan, Error> {
    let members =
        params.value("members").is_some_and(|members| members.as_array().is_none_or(|m| !m.is_empty()));
    Ok(GroupPlan {
        subject: subject(params)?,
        members: if members { self::members(params)? } else { Vec::new() },
        description: description(params),
        is_announcement: flag(params, "announcement")?.unwrap_or(false),
        is_locked: flag(params, "locked")?.unwrap_or(false),
        expiration: params.optional_count("expiration_s")?.unwrap_or(0),
    })
}

fn settings(params: &Params) -> Result<VecDeque<GroupSetting>, Error> {
    type Flag = (&'static str, fn(bool) -> GroupSetting);
    let flags: [Flag; 5] = [
        ("announcement", GroupSetting::Announcement),
        ("locked", GroupSetting::Locked),
        ("all_may_add", GroupSetting::AllMayAdd),
        ("all_may_invite", GroupSetting::AllMayInvite),
        ("join_approval", GroupSetting::JoinApproval),
    ];
    let mut settings = VecDeque::new();
    for (name, setting) in flags {
        settings.extend(flag(params, name)?.map(setting));
    }
    settings.extend(params.optional_count("expiration_s")?.map(GroupSetting::Expiration));
    if settings.is_empty() {
        return Err(
            params.wrong("announcement", "is missing, and so are all other settings; name at least one")
        );
    }
    Ok(settings)
}
