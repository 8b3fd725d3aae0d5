//! Groups are made, asked about and changed for the host. The server decides; what it answers is told, and taken note of.

use std::collections::{HashMap, VecDeque};

use super::receive::users;
use super::{Cx, Engine, Output, Tag};
use crate::crypto::random_array;
use crate::messaging::address::{Kind, User};
use crate::messaging::desk::{Missing, Shelf, Wants};
use crate::messaging::stanzas::group_requests::{self, Joined, MemberAction, NewGroup, NewMember, Setting};
use crate::messaging::stanzas::groups::{Group, Member, NoGroup};
use crate::messaging::stanzas::tokens;
use crate::stanza::{Jid, Node, NodeRef, Text};

/// What the host wants of groups.
#[derive(Clone, Debug)]
pub(crate) struct Manage {
    /// The request.
    pub(crate) request: u64,
    /// What.
    pub(crate) wish: GroupWish,
}

/// What is wanted.
#[derive(Clone, Debug)]
pub(crate) enum GroupWish {
    /// A new one.
    Create(GroupPlan),
    /// Everything about one.
    Info(Jid),
    /// Everything about all that we are in.
    List,
    /// New members.
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
    /// What it is about.
    pub(crate) description: Option<String>,
    /// Only admins may send.
    pub(crate) is_announcement: bool,
    /// Only admins may change name, picture and description.
    pub(crate) is_locked: bool,
    /// After how many seconds messages disappear; 0 for never.
    pub(crate) expiration: u32,
}

/// A setting and its new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GroupSetting {
    /// The name.
    Subject(String),
    /// What it is about; nothing takes that away.
    Description(Option<String>),
    /// Only admins may send.
    Announcement(bool),
    /// Only admins may change name, picture and description.
    Locked(bool),
    /// After how many seconds messages disappear; 0 for never.
    Expiration(u32),
    /// All members may add others.
    AllMayAdd(bool),
    /// All members may see the invite link.
    AllMayInvite(bool),
    /// Admins confirm who joins.
    JoinApproval(bool),
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum GroupAnswer {
    /// This is the group; those of its members with an error are none.
    Group(Box<Group>),
    /// These are the groups.
    Groups(Vec<Group>),
    /// What became of each of the people concerned.
    Members(Vec<Member>),
    /// The invite code.
    Code(Text),
    /// We are in, or wait for an admin.
    Joined(Joined),
    /// It is done.
    Done,
}

/// Why nothing came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupFailure {
    /// The server refused it by this code.
    Refused(u32),
    /// It did not answer, or in a way that says nothing.
    Unanswered,
}

/// A wish whose answer will come.
#[derive(Clone)]
struct Pending {
    manage: Manage,
    /// The group is only looked up, for what the wish itself needs.
    is_lookup: bool,
}

/// The wishes whose answers will come.
#[derive(Default)]
pub(super) struct Managed(HashMap<Tag, Pending>);

impl Managed {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, tag: Tag) -> bool {
        self.0.contains_key(&tag)
    }

    /// The requests that wait.
    pub(super) fn requests(&self) -> impl Iterator<Item = u64> {
        self.0.values().map(|pending| pending.manage.request)
    }
}

impl Engine {
    /// The host wants something of groups.
    pub(crate) fn manage(&mut self, manage: &Manage, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let mut is_lookup = false;
        let node = match &manage.wish {
            GroupWish::Create(plan) => self.creation(plan, cx)?,
            GroupWish::Info(group) => group_requests::metadata(group),
            GroupWish::List => group_requests::participating(),
            GroupWish::Add(group, members) => {
                let kind = self.kind_of(group)?;
                let new = self.new_members(members, kind, cx)?;
                let new: Vec<_> = new.iter().map(New::as_member).collect();
                group_requests::add(group, &new)
            }
            GroupWish::Change(group, action, members) => {
                let kind = self.kind_of(group)?;
                let named = self.named(members, kind)?;
                group_requests::change(group, *action, &named)
            }
            GroupWish::Leave(group) => group_requests::leave([group]),
            GroupWish::Settings(group, settings) => match settings.front() {
                // The new description names the one that it replaces.
                Some(GroupSetting::Description(_)) => {
                    is_lookup = true;
                    group_requests::metadata(group)
                }
                Some(setting) => configuration(group, setting, None, cx),
                None => {
                    self.managed(manage.request, Ok(GroupAnswer::Done));
                    return Ok(());
                }
            },
            GroupWish::Invite(group, false) => group_requests::invite_code(group),
            GroupWish::Invite(group, true) => group_requests::reset_invite_code(group),
            GroupWish::Join(code) => group_requests::join(code),
        };
        self.ask_server(Pending { manage: manage.clone(), is_lookup }, node);
        Ok(())
    }

    fn ask_server(&mut self, pending: Pending, node: Node) {
        let tag = self.asks.nobody();
        self.managed.0.insert(tag, pending);
        self.out.push(Output::Query { tag, node });
    }

    fn managed(&mut self, request: u64, answer: Result<GroupAnswer, GroupFailure>) {
        self.out.push(Output::Managed { request, answer });
    }

    /// The server's answer to a wish.
    pub(super) fn manage_answered(
        &mut self,
        tag: Tag,
        answer: Result<NodeRef<'_>, u32>,
        cx: &mut Cx<'_>,
    ) -> Result<(), Missing> {
        let Some(Pending { manage, is_lookup }) = self.managed.0.get(&tag).cloned() else { return Ok(()) };
        let answer = match answer {
            Ok(node) if is_lookup => self.group_told(node, cx)?,
            Ok(node) => self.manage_answer(&manage, node, cx)?,
            Err(0) => Err(GroupFailure::Unanswered),
            Err(code) => Err(GroupFailure::Refused(code)),
        };
        self.managed.0.remove(&tag);
        let request = manage.request;
        match (answer, manage.wish) {
            (Ok(GroupAnswer::Group(found)), GroupWish::Settings(group, settings)) => {
                let previous = found.description.and_then(|description| description.id);
                if let Some(setting) = settings.front() {
                    let node = configuration(&group, setting, previous.as_deref(), cx);
                    let manage = Manage { request, wish: GroupWish::Settings(group, settings) };
                    self.ask_server(Pending { manage, is_lookup: false }, node);
                }
            }
            (Ok(GroupAnswer::Done), GroupWish::Settings(group, mut settings)) => {
                settings.pop_front();
                self.manage(&Manage { request, wish: GroupWish::Settings(group, settings) }, cx)?;
            }
            (answer, _) => self.managed(request, answer),
        }
        Ok(())
    }

    fn manage_answer(
        &mut self,
        manage: &Manage,
        node: NodeRef<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Result<GroupAnswer, GroupFailure>, Missing> {
        let unreadable = Err(GroupFailure::Unanswered);
        Ok(match &manage.wish {
            GroupWish::Create(_) | GroupWish::Info(_) => self.group_told(node, cx)?,
            GroupWish::List => {
                Ok(GroupAnswer::Groups(group_requests::groups(node).filter_map(Result::ok).collect()))
            }
            GroupWish::Add(group, _) | GroupWish::Change(group, ..) => {
                let members = group_requests::member_results(&node);
                self.learn_members(&members)?;
                self.members_changed(group)?;
                Ok(GroupAnswer::Members(members))
            }
            GroupWish::Leave(group) => {
                let refused = group_requests::left(&node)
                    .into_iter()
                    .find_map(|(left, code)| code.filter(|_| left == *group));
                refused.map_or(Ok(GroupAnswer::Done), |code| Err(GroupFailure::Refused(code)))
            }
            GroupWish::Settings(..) => Ok(GroupAnswer::Done),
            GroupWish::Invite(..) => {
                group_requests::code(&node).map_or(unreadable, |code| Ok(GroupAnswer::Code(code)))
            }
            GroupWish::Join(_) => {
                let Some(joined) = group_requests::joined(&node) else { return Ok(unreadable) };
                if let Joined::Member(group) = &joined {
                    self.members_changed(group)?;
                }
                Ok(GroupAnswer::Joined(joined))
            }
        })
    }

    /// A group as the server describes it; it is noted what sending to it takes.
    fn group_told(
        &mut self,
        node: NodeRef<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Result<GroupAnswer, GroupFailure>, Missing> {
        Ok(match group_requests::group(&node) {
            Ok(mut group) => {
                let all = std::mem::take(&mut group.members);
                let (failed, members): (Vec<_>, Vec<_>) =
                    all.into_iter().partition(|member| member.error.is_some_and(|code| code != 200));
                group.members = members;
                self.group_came(&group, cx)?;
                group.members.extend(failed);
                Ok(GroupAnswer::Group(Box::new(group)))
            }
            Err(NoGroup::Refused { code, .. }) => Err(GroupFailure::Refused(code)),
            Err(NoGroup::Malformed) => Err(GroupFailure::Unanswered),
        })
    }

    /// What is known of a group's members does not hold any more.
    fn members_changed(&mut self, group: &Jid) -> Result<(), Missing> {
        let mut wants = Wants::default();
        wants.record(&self.desk, Shelf::Groups, group.to_string());
        wants.met()?;
        self.group_is_stale(group);
        Ok(())
    }

    /// How members of a group are named, if that is known.
    fn kind_of(&mut self, group: &Jid) -> Result<Option<Kind>, Missing> {
        let mut wants = Wants::default();
        wants.record(&self.desk, Shelf::Groups, group.to_string());
        wants.met()?;
        let group = self.desk.groups.get(group.to_string().as_bytes());
        Ok(group.map(|group| if group.by_lid { Kind::Lid } else { Kind::Pn }))
    }

    fn creation(&mut self, plan: &GroupPlan, cx: &mut Cx<'_>) -> Result<Node, Missing> {
        let kind = self.account_kind(cx);
        let members = self.new_members(&plan.members, Some(kind), cx)?;
        let id = description_id(cx);
        Ok(group_requests::create(&NewGroup {
            subject: &plan.subject,
            members: members.iter().map(New::as_member).collect(),
            description: plan.description.as_deref().map(|text| (id.as_str(), text)),
            is_announcement: plan.is_announcement,
            is_locked: plan.is_locked,
            expiration: plan.expiration,
            parent: None,
        }))
    }

    /// People by the kind of name that is wanted, as far as that is known.
    fn named(&mut self, people: &[Jid], kind: Option<Kind>) -> Result<Vec<Jid>, Missing> {
        let known: Vec<User> = people.iter().filter_map(User::of).collect();
        let mut wants = Wants::default();
        known.iter().for_each(|user| wants.name(&self.desk, user));
        wants.met()?;
        let name = |user: User| {
            let other = self.desk.other_name(&user).filter(|other| kind == Some(other.kind));
            other.filter(|_| kind != Some(user.kind)).unwrap_or(user).jid()
        };
        Ok(known.into_iter().map(name).collect())
    }

    /// The same with what it takes to make members of them.
    fn new_members(&mut self, people: &[Jid], kind: Option<Kind>, cx: &Cx<'_>) -> Result<Vec<New>, Missing> {
        let named = self.named(people, kind)?;
        let mut wants = Wants::default();
        for user in named.iter().filter_map(User::of) {
            wants.name(&self.desk, &user);
            wants.record(&self.desk, Shelf::Tokens, self.desk.canonical_user(&user).key());
        }
        wants.met()?;
        let now_s = cx.unix_ms.div_euclid(1000).cast_unsigned();
        let new = |jid: Jid| {
            let user = User::of(&jid)?;
            let held = self.desk.tokens.get(&self.desk.canonical_user(&user).key());
            let token =
                held.filter(|held| !held.token.is_empty() && !tokens::is_expired(held.issued_s, now_s));
            let pn = self.desk.other_name(&user).filter(|_| user.kind == Kind::Lid);
            Some(New { jid, pn: pn.map(|pn| pn.jid()), token: token.map(|held| held.token.clone()) })
        };
        Ok(named.into_iter().filter_map(new).collect())
    }

    /// Notes the names that a list of members brings along.
    fn learn_members(&mut self, members: &[Member]) -> Result<(), Missing> {
        let pairs: Vec<_> = members.iter().filter_map(|member| users(member.pair.as_ref()?)).collect();
        let mut wants = Wants::default();
        for (pn, lid) in &pairs {
            wants.name(&self.desk, pn);
            wants.name(&self.desk, lid);
        }
        wants.met()?;
        for (pn, lid) in &pairs {
            self.desk.learn(pn, lid);
        }
        Ok(())
    }
}

/// Somebody who is to become a member.
struct New {
    jid: Jid,
    pn: Option<Jid>,
    token: Option<Vec<u8>>,
}

impl New {
    fn as_member(&self) -> NewMember<'_> {
        NewMember { jid: &self.jid, phone_number: self.pn.as_ref(), token: self.token.as_deref() }
    }
}

fn configuration(group: &Jid, setting: &GroupSetting, previous: Option<&str>, cx: &mut Cx<'_>) -> Node {
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
fn description_id(cx: &mut Cx<'_>) -> String {
    format!("{:08X}", u32::from_be_bytes(random_array(cx.rng)))
}
