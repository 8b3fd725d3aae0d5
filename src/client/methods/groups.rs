//! Calls about groups.

use std::collections::VecDeque;

use super::params::Params;
use crate::api::{Error, Status};
use crate::client::recipient;
use crate::messaging::engine::{GroupCommand, GroupPlan, GroupSetting};
use crate::messaging::stanzas::group_requests::MemberAction;
use crate::stanza::{Jid, Server};

/// Where a link to a group leads; the code follows.
pub(crate) const LINK: &str = "https://chat.whatsapp.com/";
/// Its host.
const HOST: &str = "chat.whatsapp.com";

/// What the method of that name wants of groups; `None` if it is about something else.
pub(super) fn parse(method: &str, params: &Params) -> Result<Option<GroupCommand>, Error> {
    Ok(Some(match method {
        "group.add" => GroupCommand::Add(group(params)?, members(params)?),
        "group.create" => GroupCommand::Create(plan(params)?),
        "group.demote" => GroupCommand::Change(group(params)?, MemberAction::Demote, members(params)?),
        "group.description" => {
            let text = params.optional_text("description").filter(|text| !text.is_empty());
            one(group(params)?, GroupSetting::Description(text.map(str::to_owned)))
        }
        "group.info" => GroupCommand::Info(group(params)?),
        "group.invite" => {
            let anew = params.value("reset").is_some() && params.flag("reset")?;
            GroupCommand::Invite(group(params)?, anew)
        }
        "group.join" => GroupCommand::Join(code(params)?),
        "group.leave" => GroupCommand::Leave(group(params)?),
        "group.list" => GroupCommand::List,
        "group.promote" => GroupCommand::Change(group(params)?, MemberAction::Promote, members(params)?),
        "group.remove" => GroupCommand::Change(group(params)?, MemberAction::Remove, members(params)?),
        "group.settings" => GroupCommand::Settings(group(params)?, settings(params)?),
        "group.subject" => one(group(params)?, GroupSetting::Subject(subject(params)?)),
        _ => return Ok(None),
    }))
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

fn flag(params: &Params, name: &str) -> Result<Option<bool>, Error> {
    params.value(name).map(|_| params.flag(name)).transpose()
}

fn plan(params: &Params) -> Result<GroupPlan, Error> {
    let members =
        params.value("members").is_some_and(|members| members.as_array().is_none_or(|m| !m.is_empty()));
    Ok(GroupPlan {
        subject: subject(params)?,
        members: if members { self::members(params)? } else { Vec::new() },
        description: params.optional_text("description").filter(|text| !text.is_empty()).map(str::to_owned),
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

/// An invite code, alone or in its link, as people copy it: with or without the scheme, with a query behind it.
fn code(params: &Params) -> Result<String, Error> {
    let text = params.text("code")?.trim();
    let wrong = |what| Err(params.wrong("code", what));
    let code = match in_link(text) {
        Some(code) => code,
        None if text.contains("://") => return wrong("is a link, but none to a group of WhatsApp"),
        None => text,
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    match code.len() {
        0 => wrong("holds no invite code"),
        1..=128 if code.bytes().all(fits) => Ok(code.to_owned()),
        _ => wrong("is neither an invite code nor a link with one"),
    }
}

/// The code in a link to a group, up to a query or whatever else follows.
fn in_link(text: &str) -> Option<&str> {
    let after = |text: &'_ str, prefix: &str| {
        let start = text.get(..prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then_some(prefix.len())
    };
    let mut rest = text;
    for scheme in ["https://", "http://"] {
        rest = after(rest, scheme).and_then(|length| rest.get(length..)).unwrap_or(rest);
    }
    rest = after(rest, "www.").and_then(|length| rest.get(length..)).unwrap_or(rest);
    let app = after(text, "whatsapp://chat?code=").and_then(|length| text.get(length..));
    let path = after(rest, HOST).and_then(|length| rest.get(length..));
    // Another host may begin with the same letters.
    let web = path.filter(|path| path.is_empty() || path.starts_with(['/', '?', '#'])).map(|path| {
        let path = path.trim_start_matches('/');
        after(path, "invite/").and_then(|length| path.get(length..)).unwrap_or(path)
    });
    web.or(app)?.split(['?', '/', '#', '&']).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    fn read(text: &str) -> Result<String, Error> {
        let mut map = Map::new();
        map.insert("code".to_owned(), json!(text));
        code(&Params::new("group.join", map))
    }

    #[test]
    fn an_invite_code_is_found_however_it_was_copied() {
        for text in [
            "Abc-123_x",
            "  Abc-123_x\n",
            "https://chat.whatsapp.com/Abc-123_x",
            "http://chat.whatsapp.com/Abc-123_x",
            "HTTPS://Chat.WhatsApp.com/Abc-123_x",
            "https://www.chat.whatsapp.com/Abc-123_x",
            "chat.whatsapp.com/Abc-123_x",
            "chat.whatsapp.com/invite/Abc-123_x",
            "https://chat.whatsapp.com/Abc-123_x?mode=ems_copy_c",
            "https://chat.whatsapp.com/Abc-123_x/",
            "https://chat.whatsapp.com/Abc-123_x#top",
            "whatsapp://chat?code=Abc-123_x",
            "whatsapp://chat?code=Abc-123_x&from=mail",
        ] {
            assert_eq!(read(text).as_deref(), Ok("Abc-123_x"), "{text}");
        }
    }

    #[test]
    fn what_is_no_invite_code_is_refused_with_its_reason() {
        for (text, words) in [
            ("", "holds no invite code"),
            ("https://chat.whatsapp.com/", "holds no invite code"),
            ("https://chat.whatsapp.com", "holds no invite code"),
            ("https://wa.me/15551234567", "none to a group"),
            ("https://chat.whatsapp.example/Abc", "none to a group"),
            ("https://chat.whatsapp.community/Abc", "none to a group"),
            ("https://chat.whatsapp.com.example/Abc", "none to a group"),
            ("chat.whatsapp.com.example/Abc", "neither an invite code"),
            ("two words", "neither an invite code"),
            ("\u{e4}bc", "neither an invite code"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(
                (error.status, error.key.as_deref()),
                (Status::INVALID_PARAMETER, Some("code")),
                "{text}"
            );
            assert!(error.text.contains(words), "{text}: {error}");
        }
    }
}
