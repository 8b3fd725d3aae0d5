//! The codes with which the server refuses a request: the one table of what they mean to the host.
//!
//! A code means the same whatever it answers, but for the few rows that name what it is about. Codes that end a connection are in
//! `disconnect_reason`, those of a pairing in [`crate::pairing::refusal`](crate::pairing); they mean other things there. Whether a
//! message goes out again after a refusal is decided in `stanzas::acks`, whether a query does in the engine's `queries`.

use crate::api::Status;

/// The subject of a refused request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// A question of this library or the host.
    Query,
    /// A message.
    Message,
    /// A group.
    Group,
}

/// Returns the status of a request that the server refused with this code.
pub(crate) fn status(about: About, code: u32) -> Status {
    match (code, about) {
        (400 | 479, _) => Status::BAD_REQUEST,
        (401 | 403 | 405, _) => Status::FORBIDDEN,
        (406, About::Message) => Status::FORBIDDEN,
        (404 | 410, _) => Status::NOT_FOUND,
        // The group is full.
        (419, About::Group) => Status::REFUSED,
        (419 | 429, _) => Status::RATE_LIMITED,
        (452, _) => Status::FEATURE_UNAVAILABLE,
        (475, _) => Status::TIME_LOCKED,
        // The server will never do it for this account or group.
        (550 | 551, About::Message) => Status::REFUSED,
        (500..=599, _) => Status::SERVER_ERROR,
        _ => Status::REFUSED,
    }
}

/// The subject of a request about groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupSubject {
    /// A change of a group, or what its admins may see.
    Change,
    /// The description of a group, or leaving it, which takes no admin.
    Member,
    /// The groups of this account, or a group that is to be made: there is no group that it is about.
    Account,
}

impl GroupSubject {
    /// Returns the subject of a method.
    pub(crate) fn of(method: &str) -> Self {
        match method {
            "group.create" | "group.list" => Self::Account,
            "group.info" | "group.leave" => Self::Member,
            _ => Self::Change,
        }
    }
}

/// Returns what a code says of a request about groups.
pub(crate) fn group_text(subject: GroupSubject, code: u32) -> &'static str {
    match (subject, code) {
        (GroupSubject::Account, 401 | 403 | 405) => {
            "WhatsApp does not let this account do this now; look at WhatsApp on the phone"
        }
        (GroupSubject::Account, 304 | 404 | 409 | 410 | 423) => "the server refused it",
        (GroupSubject::Account, 406) => "the server does not take this: too long, or too many members",
        (GroupSubject::Account, 419) => "too many groups, or too many members for a group",
        (GroupSubject::Member, 401) => "this account is no member of the group",
        (_, code) => text_of_a_group(code),
    }
}

fn text_of_a_group(code: u32) -> &'static str {
    match code {
        304 => "this account is a member of the group already",
        400 => "the server does not take such a value for a group",
        401 => "only admins of the group may do this",
        403 => "this account is no member of the group, or may not do this in it",
        404 => "there is no such group",
        405 => "this account was removed from the group, and cannot come back by a link",
        406 => "the server does not take this for the group: too long, or too many members",
        409 => "the group was changed at the same time; try again",
        410 => "the invite code was reset, and leads nowhere",
        419 => "the group is full",
        423 => "WhatsApp has locked the group",
        429 => "WhatsApp asks for fewer requests about groups; wait some minutes",
        500..=599 => "the server could not do it now",
        _ => "the server refused it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the texts for requests without a group, none speaks of one, nor of its admins.
    #[test]
    fn a_text_fits_what_was_asked() {
        for method in ["group.create", "group.list"] {
            for code in 0..1000 {
                let text = group_text(GroupSubject::of(method), code);
                let of_one = ["the group", "admin", "no such group", "member of", "invite code"];
                assert!(!of_one.iter().any(|words| text.contains(words)), "{method} {code}: {text}");
            }
        }
        for method in ["group.info", "group.leave"] {
            assert!(!group_text(GroupSubject::of(method), 401).contains("admin"), "{method}");
        }
        assert!(group_text(GroupSubject::of("group.promote"), 401).contains("admin"));
    }

    #[test]
    fn a_code_means_the_same_everywhere_but_where_the_table_says_otherwise() {
        let differing = (0..1000).filter(|code| {
            let query = status(About::Query, *code);
            [About::Message, About::Group].iter().any(|about| status(*about, *code) != query)
        });
        assert_eq!(differing.collect::<Vec<_>>(), [406, 419, 550, 551]);
    }
}
