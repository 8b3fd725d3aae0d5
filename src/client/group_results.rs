//! The messaging engine's results for groups, mapped to those of the host.

use std::time::Duration;

use serde_json::{Value, json};

use super::server_codes::{self, About, GroupSubject};
use crate::api::{Error, Status};
use crate::messaging::engine::{GroupAnswer, GroupFailure, QueryError};
use crate::messaging::stanzas::group_requests::Joined;
use crate::messaging::stanzas::groups::{Group, Member, Rank};
use crate::stanza::Jid;

/// A link to a group; the code follows.
const GROUP_LINK: &str = "https://chat.whatsapp.com/";

/// The method that takes an invite code.
const JOIN: &str = "group.join";

/// The result of a request about groups, made by that method.
pub(crate) fn result(method: &str, answer: Result<GroupAnswer, GroupFailure>) -> Result<Value, Error> {
    let failed = |failure| if method == JOIN { not_joined(failure) } else { error(method, failure) };
    Ok(match answer.map_err(failed)? {
        GroupAnswer::Group(whole) => group(&whole),
        GroupAnswer::Groups(all) => json!({ "groups": all.iter().map(group).collect::<Vec<_>>() }),
        GroupAnswer::Members(members) => {
            json!({ "members": members.iter().map(outcome).collect::<Vec<_>>() })
        }
        GroupAnswer::Code(code) => json!({ "code": code.as_str(), "link": format!("{GROUP_LINK}{code}") }),
        GroupAnswer::Joined(Joined::Member(chat)) => json!({ "chat": chat.to_string(), "pending": false }),
        GroupAnswer::Joined(Joined::Pending(chat)) => json!({ "chat": chat.to_string(), "pending": true }),
        GroupAnswer::Done => json!({}),
    })
}

/// Returns the reason why an invite code did not lead into its group.
fn not_joined(failure: GroupFailure) -> Error {
    let text = match failure {
        GroupFailure::Refused(QueryError { code: 400 | 404 | 406, .. }) => {
            "no group has this invite code: it is mistyped, or the group is gone; ask for the link again"
        }
        GroupFailure::Refused(QueryError { code: 409, .. }) => {
            return Error::new(Status::REFUSED, "this account is a member of the group already")
                .with_key("code");
        }
        GroupFailure::Refused(QueryError { code: 401 | 410, .. }) => {
            "this invite code was reset by an admin; ask for the new link"
        }
        other => return error(JOIN, other),
    };
    Error::new(Status::NOT_FOUND, text).with_key("code")
}

fn error(method: &str, failure: GroupFailure) -> Error {
    let QueryError { code, backoff_s, .. } = match failure {
        GroupFailure::Refused(error) => error,
        GroupFailure::Unanswered => return Status::REQUEST_TIMEOUT.into(),
        GroupFailure::Malformed => {
            let text =
                "the server's answer says nothing: look at the group before you ask for the same again";
            return Error::new(Status::PROTOCOL, text);
        }
    };
    let text = server_codes::group_text(GroupSubject::of(method), code);
    let status = server_codes::status(About::Group, code);
    let error = Error::new(status, format!("{text} (code {code})"));
    match backoff_s {
        Some(seconds) => error.retry_after(Duration::from_secs(seconds)),
        None => error,
    }
}

fn ms(seconds: Option<u64>) -> Option<i64> {
    seconds.and_then(|seconds| i64::try_from(seconds).ok()).map(|seconds| seconds.saturating_mul(1000))
}

fn group(group: &Group) -> Value {
    let (members, failed): (Vec<_>, Vec<_>) = group.members.iter().partition(|member| !has_failed(member));
    let description = group.description.as_ref().map(|description| description.text.as_str());
    json!({
        "chat": group.jid.to_string(),
        "subject": group.subject.as_deref(),
        "description": description.filter(|text| !text.is_empty()),
        "creator": group.creator.as_ref().map(|jid| jid.account().to_string()),
        "created_at_ms": ms(group.created),
        "size": group.size.unwrap_or_else(|| u32::try_from(members.len()).unwrap_or(u32::MAX)),
        "members": members.into_iter().map(member).collect::<Vec<_>>(),
        "not_added": failed.into_iter().map(outcome).collect::<Vec<_>>(),
        "announcement": group.is_announcement,
        "locked": group.is_locked,
        "expiration_s": group.expiration,
        "all_may_add": group.all_may_add,
        "all_may_invite": group.all_may_invite,
        "join_approval": group.has_join_approval,
        "suspended": group.is_suspended,
        "community": group.is_community,
        "parent": group.parent.as_ref().map(Jid::to_string),
    })
}

fn phone(member: &Member) -> Option<String> {
    let pn = member.pair.as_ref().map(|pair| &pair.pn).or(member.jid.is_pn().then_some(&member.jid));
    pn.map(|pn| pn.user.to_string())
}

fn member(member: &Member) -> Value {
    json!({
        "jid": member.jid.to_string(),
        "phone": phone(member),
        "rank": match member.rank {
            Rank::Member => "member",
            Rank::Admin => "admin",
            Rank::SuperAdmin => "super_admin",
        },
    })
}

fn has_failed(member: &Member) -> bool {
    member.error.is_some_and(|code| code != 200)
}

/// Returns the outcome for one of the members of a request.
fn outcome(member: &Member) -> Value {
    let code = member.error.filter(|code| *code != 200);
    let invite = member.add_request.as_ref();
    json!({
        "jid": member.jid.to_string(),
        "phone": phone(member),
        "outcome": match code {
            None => "done",
            Some(401) => "blocked_us",
            Some(403) => "must_be_invited",
            Some(404) => "not_found",
            Some(408) => "left_lately",
            Some(409) => "already_so",
            Some(419) => "group_is_full",
            Some(_) => "refused",
        },
        "code": code,
        "invite_code": invite.map(|invite| invite.code.as_str()),
        "invite_expires_at_ms": invite.and_then(|invite| ms(invite.expiration)),
    })
}
