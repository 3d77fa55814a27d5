//! What head and blocks of a token grant together. Each field only ever shrinks.

use crate::codec::{Reader, WireIdentifier};
use crate::id::{Identifier, Permissions};
use crate::key::RootId;
use crate::revocation::EntryId;
use crate::time::Timestamp;
use crate::token::access::Resources;
use crate::token::block::Visit;
use crate::token::chain::Chain;
use crate::token::frame::UnverifiedToken;
use crate::token::head::{self, OriginFields};

/// What can be had without allocating.
#[derive(Clone, Copy)]
pub(super) struct Limits<'a> {
    pub(super) expires_at: Timestamp,
    pub(super) permissions: Permissions,
    /// The audience stated last, and whether another one was stated too.
    pub(super) audience: Option<WireIdentifier<'a>>,
    pub(super) audiences_differ: bool,
    pub(super) sealed: bool,
}

impl<'a> Limits<'a> {
    pub(super) fn of(token: &UnverifiedToken<'a>) -> Self {
        let head = &token.fields;
        let mut limits = Self {
            expires_at: head.expires_at,
            permissions: head.permissions,
            audience: head.audience,
            audiences_differ: false,
            sealed: false,
        };
        for block in token.blocks() {
            // The block was checked when the token was parsed. Were it not, nothing would be granted.
            if block.visit(&mut limits).is_err() {
                limits.permissions = Permissions::NONE;
            }
        }
        limits
    }
}

impl<'a> Visit<'a> for Limits<'a> {
    fn expiry(&mut self, time: Timestamp) {
        self.expires_at = self.expires_at.min(time);
    }

    fn permissions(&mut self, permissions: Permissions) {
        self.permissions = self.permissions.intersection(permissions);
    }

    fn audience(&mut self, audience: WireIdentifier<'a>) {
        self.audiences_differ |= self.audience.is_some_and(|stated| stated != audience);
        self.audience = Some(audience);
    }

    fn seal(&mut self) {
        self.sealed = true;
    }
}

/// What has to be collected: only for tokens that are accepted, or read by their holder.
pub(super) struct Lists {
    pub(super) resources: Resources,
    pub(super) recipients: Vec<String>,
}

impl Lists {
    #[inline]
    pub(super) fn of(token: &UnverifiedToken<'_>) -> Self {
        if token.block_count == 0 && token.fields.origin.is_none() {
            return Self { resources: Resources::All, recipients: Vec::new() };
        }
        Self::collected(token)
    }

    fn collected(token: &UnverifiedToken<'_>) -> Self {
        let origin = token.fields.origin.as_ref();
        let resources = origin.map_or(Resources::All, |origin| session_resources(origin.resources));
        let mut lists = Self { resources, recipients: Vec::new() };
        for block in token.blocks() {
            let mut visitor = BlockLists { listed: None, recipients: &mut lists.recipients };
            let _ = block.visit(&mut visitor);
            match (visitor.listed, &mut lists.resources) {
                (None, _) => {}
                (Some(listed), all @ Resources::All) => *all = Resources::Only(listed),
                (Some(listed), Resources::Only(kept)) => kept.retain(|resource| listed.contains(resource)),
            }
        }
        lists
    }
}

/// The lists of one block.
struct BlockLists<'a> {
    listed: Option<Vec<Identifier>>,
    recipients: &'a mut Vec<String>,
}

impl Visit<'_> for BlockLists<'_> {
    fn resources(&mut self) {
        self.listed = Some(Vec::new());
    }

    fn resource(&mut self, resource: Identifier) {
        self.listed.get_or_insert_default().push(resource);
    }

    fn recipient(&mut self, label: &str) {
        self.recipients.push(label.to_owned());
    }
}

/// The list was checked when the token was parsed; were it not, it would grant no resource.
fn session_resources(bytes: &[u8]) -> Resources {
    let mut list = Vec::new();
    let read = head::read_resources(&mut Reader::new(bytes), 0, |resource| list.push(resource));
    match read {
        Ok(()) if list.is_empty() => Resources::All,
        Ok(()) => Resources::Only(list),
        Err(_) => Resources::Only(Vec::new()),
    }
}

/// Which link a token stands on, and through which copies.
pub(super) struct Lineage<'a> {
    pub(super) link: EntryId,
    pub(super) root: RootId,
    pub(super) revision: u32,
    pub(super) copies: &'a [EntryId],
}

impl<'a> Lineage<'a> {
    pub(super) fn of(token: &UnverifiedToken<'a>, chain: &'a Chain) -> Self {
        let fields = &token.fields;
        match fields.origin {
            None => Self { link: fields.token_id, root: fields.root, revision: 0, copies: chain.copies() },
            Some(OriginFields { link, link_root, revision, copies, .. }) => {
                Self { link, root: link_root, revision, copies }
            }
        }
    }
}
