//! Groups are made, asked about and changed for the host. The server decides; what it answers is told, and taken note of.

use std::collections::{HashMap, VecDeque};

use super::core::EngineCore;
use super::core::names::users;
use super::{EngineContext, Output, QueryError, Tag};
use crate::crypto::random_array;
use crate::messaging::address::{Kind, User};
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable};
use crate::messaging::stanzas::group_requests::{self, Joined, MemberAction, NewGroup, NewMember, Setting};
use crate::messaging::stanzas::groups::{Group, Member, NoGroup};
use crate::messaging::stanzas::privacy_tokens;
use crate::stanza::{Jid, Node, NodeRef, Text};

/// The host's request about groups.
#[derive(Clone, Debug)]
pub(crate) struct GroupRequest {
    /// The request.
    pub(crate) request: u64,
    /// The command.
    pub(crate) command: GroupCommand,
}

/// The command of a request.
#[derive(Clone, Debug)]
pub(crate) enum GroupCommand {
    /// A new one.
    Create(GroupPlan),
    /// Everything about one.
    Info(Jid),
    /// Everything about all that we are in.
    List,
    /// Invitee members.
    Add(Jid, Vec<Jid>),
    /// Members become something else.
    Change(Jid, MemberAction, Vec<Jid>),
    /// Away.
    Leave(Jid),
    /// Other settings, one after the other.
    Settings(Jid, VecDeque<GroupSetting>),
    /// The invite code, perhaps a new one.
    Invite(Jid, bool),
    /// Into a group, by its code.
    Join(String),
}

/// A group as it is to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupPlan {
    /// Its name.
    pub(crate) subject: String,
    /// The others in it.
    pub(crate) members: Vec<Jid>,
    /// The description.
    pub(crate) description: Option<String>,
    /// Only admins may send.
    pub(crate) is_announcement: bool,
    /// Only admins may change name, picture and description.
    pub(crate) is_locked: bool,
    /// The seconds after which messages disappear; 0 for never.
    pub(crate) expiration: u32,
}

/// A setting and its new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GroupSetting {
    /// The name.
    Subject(String),
    /// The description; `None` removes it.
    Description(Option<String>),
    /// Only admins may send.
    Announcement(bool),
    /// Only admins may change name, picture and description.
    Locked(bool),
    /// The seconds after which messages disappear; 0 for never.
    Expiration(u32),
    /// All members may add others.
    AllMayAdd(bool),
    /// All members may see the invite link.
    AllMayInvite(bool),
    /// Admins confirm who joins.
    JoinApproval(bool),
}

/// The result of a request.
#[derive(Debug)]
pub(crate) enum GroupAnswer {
    /// This is the group; those of its members with an error are none.
    Group(Box<Group>),
    /// These are the groups.
    Groups(Vec<Group>),
    /// The result for each of the people concerned.
    Members(Vec<Member>),
    /// The invite code.
    Code(Text),
    /// We are in, or wait for an admin.
    Joined(Joined),
    /// It is done.
    Done,
}

/// The reason why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupFailure {
    /// The server refused it.
    Refused(QueryError),
    /// It answered in a way that says nothing: what was asked for may be done or not.
    Malformed,
    /// It did not answer.
    Unanswered,
}

/// A command whose answer will come.
#[derive(Clone)]
struct PendingGroupRequest {
    group_request: GroupRequest,
    /// The group is only looked up, for what the command itself needs.
    is_lookup: bool,
    /// The question may have left.
    may_be_out: bool,
}

/// The requests about groups whose answers will come.
#[derive(Default)]
pub(super) struct GroupAdmin {
    pending: HashMap<Tag, PendingGroupRequest>,
}

impl GroupAdmin {
    /// Returns whether requests wait for the server.
    pub(super) fn is_busy(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Returns whether the answer with that tag is for a request about groups.
    pub(super) fn has(&self, tag: Tag) -> bool {
        self.pending.contains_key(&tag)
    }

    /// Returns the requests that wait, and whose question may have left, or has not.
    pub(super) fn requests(&self, may_be_out: bool) -> impl Iterator<Item = u64> {
        let wanted = self.pending.values().filter(move |pending| pending.may_be_out == may_be_out);
        wanted.map(|pending| pending.group_request.request)
    }

    /// Notes that all changes so far are on the disk, so that the questions leave.
    pub(super) fn stored(&mut self) {
        self.pending.values_mut().for_each(|pending| pending.may_be_out = true);
    }

    /// Handles the host's wish to make, see or change groups.
    pub(super) fn request(
        &mut self,
        core: &mut EngineCore,
        group_request: &GroupRequest,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        let mut is_lookup = false;
        let node = match &group_request.command {
            GroupCommand::Create(plan) => creation(core, plan, cx)?,
            GroupCommand::Info(group) => group_requests::metadata(group),
            GroupCommand::List => group_requests::participating(),
            GroupCommand::Add(group, members) => {
                let kind = kind_of(core, group)?;
                let new = new_members(core, members, kind, cx)?;
                let new: Vec<_> = new.iter().map(Invitee::as_member).collect();
                group_requests::add(group, &new)
            }
            GroupCommand::Change(group, action, members) => {
                let kind = kind_of(core, group)?;
                let named = named(core, members, kind)?;
                group_requests::change(group, *action, &named)
            }
            GroupCommand::Leave(group) => group_requests::leave([group]),
            GroupCommand::Settings(group, settings) => match settings.front() {
                // The new description names the one that it replaces.
                Some(GroupSetting::Description(_)) => {
                    is_lookup = true;
                    group_requests::metadata(group)
                }
                Some(setting) => configuration(group, setting, None, cx),
                None => {
                    finish(core, group_request.request, Ok(GroupAnswer::Done));
                    return Ok(());
                }
            },
            GroupCommand::Invite(group, false) => group_requests::invite_code(group),
            GroupCommand::Invite(group, true) => group_requests::reset_invite_code(group),
            GroupCommand::Join(code) => group_requests::join(code),
        };
        self.ask_server(core, group_request.clone(), is_lookup, node);
        Ok(())
    }

    fn ask_server(
        &mut self,
        core: &mut EngineCore,
        group_request: GroupRequest,
        is_lookup: bool,
        node: Node,
    ) {
        let tag = core.queries.nobody();
        self.pending.insert(tag, PendingGroupRequest { group_request, is_lookup, may_be_out: false });
        core.out.push(Output::Query { tag, node });
    }

    /// Handles the server's answer to a request.
    pub(super) fn reply(
        &mut self,
        core: &mut EngineCore,
        tag: Tag,
        answer: Result<NodeRef<'_>, QueryError>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        let Some(PendingGroupRequest { group_request, is_lookup, .. }) = self.pending.get(&tag).cloned()
        else {
            return Ok(());
        };
        let answer = match answer {
            Ok(node) if is_lookup => group_told(core, node, cx)?,
            Ok(node) => self.group_reply(core, &group_request, node, cx)?,
            Err(error) if error.is_silence => Err(GroupFailure::Unanswered),
            Err(error) => Err(GroupFailure::Refused(error)),
        };
        self.pending.remove(&tag);
        let request = group_request.request;
        match (answer, group_request.command) {
            (Ok(GroupAnswer::Group(found)), GroupCommand::Settings(group, settings)) => {
                let previous = found.description.and_then(|description| description.id);
                if let Some(setting) = settings.front() {
                    let node = configuration(&group, setting, previous.as_deref(), cx);
                    let group_request =
                        GroupRequest { request, command: GroupCommand::Settings(group, settings) };
                    self.ask_server(core, group_request, false, node);
                }
            }
            (Ok(GroupAnswer::Done), GroupCommand::Settings(group, mut settings)) => {
                settings.pop_front();
                self.request(
                    core,
                    &GroupRequest { request, command: GroupCommand::Settings(group, settings) },
                    cx,
                )?;
            }
            (answer, _) => finish(core, request, answer),
        }
        Ok(())
    }

    fn group_reply(
        &mut self,
        core: &mut EngineCore,
        group_request: &GroupRequest,
        node: NodeRef<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<Result<GroupAnswer, GroupFailure>, MissingRecords> {
        let unreadable = Err(GroupFailure::Malformed);
        Ok(match &group_request.command {
            GroupCommand::Create(_) | GroupCommand::Info(_) => group_told(core, node, cx)?,
            GroupCommand::List => {
                Ok(GroupAnswer::Groups(group_requests::groups(node).filter_map(Result::ok).collect()))
            }
            GroupCommand::Add(group, _) | GroupCommand::Change(group, ..) => {
                let members = group_requests::member_results(&node);
                learn_members(core, &members)?;
                members_changed(core, group)?;
                Ok(GroupAnswer::Members(members))
            }
            GroupCommand::Leave(group) => {
                let refused = group_requests::left(&node)
                    .into_iter()
                    .find_map(|(left, code)| code.filter(|_| left == *group));
                refused.map_or(Ok(GroupAnswer::Done), |code| Err(GroupFailure::Refused(QueryError::of(code))))
            }
            GroupCommand::Settings(..) => Ok(GroupAnswer::Done),
            GroupCommand::Invite(..) => {
                group_requests::code(&node).map_or(unreadable, |code| Ok(GroupAnswer::Code(code)))
            }
            GroupCommand::Join(_) => {
                let Some(joined) = group_requests::joined(&node) else { return Ok(unreadable) };
                if let Joined::Member(group) = &joined {
                    members_changed(core, group)?;
                }
                Ok(GroupAnswer::Joined(joined))
            }
        })
    }
}

/// A group as the server describes it; it is noted what sending to it takes.
fn group_told(
    core: &mut EngineCore,
    node: NodeRef<'_>,
    cx: &mut EngineContext<'_>,
) -> Result<Result<GroupAnswer, GroupFailure>, MissingRecords> {
    Ok(match group_requests::group(&node) {
        Ok(mut group) => {
            let all = std::mem::take(&mut group.members);
            let (failed, members): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|member| member.error.is_some_and(|code| code != 200));
            group.members = members;
            core.group_came(&group, cx)?;
            group.members.extend(failed);
            Ok(GroupAnswer::Group(Box::new(group)))
        }
        Err(NoGroup::Refused { code, .. }) => Err(GroupFailure::Refused(QueryError::of(code))),
        Err(NoGroup::Malformed) => Err(GroupFailure::Malformed),
    })
}

/// Marks the records of a group and of its members as out of date.
fn members_changed(core: &mut EngineCore, group: &Jid) -> Result<(), MissingRecords> {
    let mut wants = RecordRequirements::default();
    wants.record(&core.cache, RecordTable::Groups, group.to_string());
    wants.met()?;
    core.group_was_changed(group);
    Ok(())
}

/// Returns the kind of name that members of a group have, if it is known.
fn kind_of(core: &mut EngineCore, group: &Jid) -> Result<Option<Kind>, MissingRecords> {
    let mut wants = RecordRequirements::default();
    wants.record(&core.cache, RecordTable::Groups, group.to_string());
    wants.met()?;
    let group = core.cache.groups.get(group.to_string().as_bytes());
    Ok(group.map(|group| if group.by_lid { Kind::Lid } else { Kind::Pn }))
}

fn creation(
    core: &mut EngineCore,
    plan: &GroupPlan,
    cx: &mut EngineContext<'_>,
) -> Result<Node, MissingRecords> {
    let kind = core.account_kind(cx);
    let members = new_members(core, &plan.members, Some(kind), cx)?;
    let id = description_id(cx);
    Ok(group_requests::create(&NewGroup {
        subject: &plan.subject,
        members: members.iter().map(Invitee::as_member).collect(),
        description: plan.description.as_deref().map(|text| (id.as_str(), text)),
        is_announcement: plan.is_announcement,
        is_locked: plan.is_locked,
        expiration: plan.expiration,
        parent: None,
    }))
}

/// People by the kind of name that is wanted, as far as that is known.
fn named(core: &mut EngineCore, people: &[Jid], kind: Option<Kind>) -> Result<Vec<Jid>, MissingRecords> {
    let known: Vec<User> = people.iter().filter_map(User::of).collect();
    let mut wants = RecordRequirements::default();
    known.iter().for_each(|user| wants.name(&core.cache, user));
    wants.met()?;
    let name = |user: User| {
        let other = core.cache.user_alias(&user).filter(|other| kind == Some(other.kind));
        other.filter(|_| kind != Some(user.kind)).unwrap_or(user).jid()
    };
    Ok(known.into_iter().map(name).collect())
}

/// The same with what it takes to make members of them.
fn new_members(
    core: &mut EngineCore,
    people: &[Jid],
    kind: Option<Kind>,
    cx: &EngineContext<'_>,
) -> Result<Vec<Invitee>, MissingRecords> {
    let named = named(core, people, kind)?;
    let mut wants = RecordRequirements::default();
    for user in named.iter().filter_map(User::of) {
        wants.name(&core.cache, &user);
        wants.record(&core.cache, RecordTable::Contacts, core.cache.canonical_user(&user).key());
    }
    wants.met()?;
    let now_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
    let new = |jid: Jid| {
        let user = User::of(&jid)?;
        let held = core.cache.contacts.get(&core.cache.canonical_user(&user).key());
        let token =
            held.filter(|held| !held.token.is_empty() && !privacy_tokens::is_expired(held.issued_s, now_s));
        let pn = core.cache.user_alias(&user).filter(|_| user.kind == Kind::Lid);
        Some(Invitee { jid, pn: pn.map(|pn| pn.jid()), token: token.map(|held| held.token.clone()) })
    };
    Ok(named.into_iter().filter_map(new).collect())
}

/// Notes the names that a list of members brings along.
fn learn_members(core: &mut EngineCore, members: &[Member]) -> Result<(), MissingRecords> {
    let pairs: Vec<_> = members.iter().filter_map(|member| users(member.pair.as_ref()?)).collect();
    let mut wants = RecordRequirements::default();
    wants.pairs(&core.cache, &pairs);
    wants.met()?;
    core.cache.learn_all(&pairs);
    Ok(())
}

/// A person who is to become a member.
struct Invitee {
    jid: Jid,
    pn: Option<Jid>,
    token: Option<Vec<u8>>,
}

impl Invitee {
    fn as_member(&self) -> NewMember<'_> {
        NewMember { jid: &self.jid, phone_number: self.pn.as_ref(), token: self.token.as_deref() }
    }
}

fn configuration(
    group: &Jid,
    setting: &GroupSetting,
    previous: Option<&str>,
    cx: &mut EngineContext<'_>,
) -> Node {
    let id = description_id(cx);
    let setting = match setting {
        GroupSetting::Subject(text) => Setting::Subject(text),
        GroupSetting::Description(text) => Setting::Description { id: &id, previous, text: text.as_deref() },
        GroupSetting::Announcement(on) => Setting::Announcement(*on),
        GroupSetting::Locked(on) => Setting::Locked(*on),
        GroupSetting::Expiration(seconds) => Setting::Expiration(*seconds),
        GroupSetting::AllMayAdd(on) => Setting::AllMayAdd(*on),
        GroupSetting::AllMayInvite(on) => Setting::AllMayInvite(*on),
        GroupSetting::JoinApproval(on) => Setting::JoinApproval(*on),
    };
    group_requests::configure(group, setting)
}

/// Eight hexadecimal digits, as official clients number descriptions.
fn description_id(cx: &mut EngineContext<'_>) -> String {
    format!("{:08X}", u32::from_be_bytes(random_array(cx.rng)))
}

fn finish(core: &mut EngineCore, request: u64, answer: Result<GroupAnswer, GroupFailure>) {
    core.out.push(Output::GroupResult { request, answer });
}
