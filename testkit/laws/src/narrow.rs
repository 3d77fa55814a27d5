//! Narrowing does exactly what was asked for, step by step, and the copy can be narrowed until it is sealed or has eight blocks.

use std::collections::BTreeSet;
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use portward::{
    BLOCKS_MAX, Generations, Identifier, LinkRequest, NarrowError, Narrowing, Permissions, Resources, Timestamp,
    UntrustedLink,
};

use crate::blocks::is_no_wider;
use crate::pool;
use crate::world::{NOW, WORLD};

/// What should be left.
struct Left {
    expires_at: Timestamp,
    permissions: Permissions,
    resources: Option<BTreeSet<String>>,
    audiences: Vec<Identifier>,
    recipients: Vec<String>,
    sealed: bool,
    blocks: usize,
}

pub(crate) fn holds(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let permissions = pool::permissions(input)?;
    let mut request = LinkRequest::new(pool::tenant(input)?, pool::client(input)?, permissions);
    let lifetime = Duration::from_secs(input.int_in_range(1..=31_536_000)?);
    request = request.lifetime(lifetime);
    let audience = if input.ratio(1, 4)? { Some(pool::resource(input)?) } else { None };
    if let Some(audience) = audience {
        request = request.audience(audience);
    }
    let link = WORLD.issuer.issue_link(&request, Generations::default(), NOW.wall).unwrap();
    let mut text = link.text().to_owned();
    let mut left = Left {
        expires_at: link.expires_at(),
        permissions,
        resources: None,
        audiences: audience.into_iter().collect(),
        recipients: Vec::new(),
        sealed: false,
        blocks: 0,
    };
    agrees(&text, &left);
    for _ in 0..input.int_in_range(0..=10)? {
        let mut after = left.copy();
        let narrowing = narrowing(input, &mut after)?;
        let narrowed = UntrustedLink::parse(&text).unwrap().narrow(&narrowing);
        let expected = match () {
            () if left.sealed => Some(NarrowError::Sealed),
            () if left.blocks == BLOCKS_MAX => Some(NarrowError::TooManyBlocks),
            () if narrowing == Narrowing::new() => Some(NarrowError::EmptyBlock),
            () => None,
        };
        match narrowed {
            Err(NarrowError::TokenTooLong) => assert!(expected.is_none() && text.len() > 800),
            Err(error) => assert_eq!(Some(error), expected),
            Ok(copy) => {
                assert_eq!(expected, None);
                after.blocks += 1;
                agrees(&copy, &after);
                let verify = |text| WORLD.verifier.verify_link(text, NOW);
                if let (Ok(copy), Ok(link)) = (verify(&copy), verify(&text)) {
                    is_no_wider(&copy, &link);
                }
                (text, left) = (copy, after);
            }
        }
    }
    Ok(())
}

fn narrowing(input: &mut Unstructured<'_>, left: &mut Left) -> Result<Narrowing> {
    let mut narrowing = Narrowing::new();
    let what: u8 = input.arbitrary()?;
    if what & 1 != 0 {
        let time = pool::time(input)?;
        left.expires_at = left.expires_at.min(time);
        narrowing = narrowing.expires_at(time);
    }
    if what & 2 != 0 {
        let permissions = pool::permissions(input)?;
        left.permissions = left.permissions.intersection(permissions);
        narrowing = narrowing.permissions(permissions);
    }
    if what & 4 != 0 {
        let count = input.int_in_range(1..=4)?;
        let list = (0..count).map(|_| pool::resource(input)).collect::<Result<Vec<_>>>()?;
        let names: BTreeSet<String> = list.iter().map(ToString::to_string).collect();
        left.resources = Some(match &left.resources {
            None => names,
            Some(kept) => kept.intersection(&names).cloned().collect(),
        });
        narrowing = narrowing.resources(list).unwrap();
    }
    if what & 8 != 0 {
        let audience = pool::resource(input)?;
        left.audiences.push(audience);
        narrowing = narrowing.audience(audience);
    }
    if what & 16 != 0 {
        let label: String = (0..input.int_in_range(1..=32)?)
            .map(|_| Ok(char::from(input.int_in_range(0x20..=0x7E)?)))
            .collect::<Result<_>>()?;
        left.recipients.push(label.clone());
        narrowing = narrowing.recipient(&label).unwrap();
    }
    if what & 0x60 == 0x60 {
        left.sealed = true;
        narrowing = narrowing.seal();
    }
    Ok(narrowing)
}

impl Left {
    fn copy(&self) -> Self {
        let Self { expires_at, permissions, resources, audiences, recipients, sealed, blocks } = self;
        let (resources, audiences, recipients) = (resources.clone(), audiences.clone(), recipients.clone());
        Self {
            expires_at: *expires_at,
            permissions: *permissions,
            resources,
            audiences,
            recipients,
            sealed: *sealed,
            blocks: *blocks,
        }
    }
}

fn agrees(text: &str, left: &Left) {
    let holder = UntrustedLink::parse(text).unwrap();
    assert_eq!((holder.permissions(), holder.expires_at()), (left.permissions, left.expires_at));
    assert_eq!(holder.is_sealed(), left.sealed);
    let same_audience = left.audiences.windows(2).all(|two| two[0] == two[1]);
    let verified = match left.audiences.last() {
        None => WORLD.verifier.verify_link(text, NOW),
        Some(last) => {
            let nobody = WORLD.verifier.verify_link(text, NOW).err().map(|error| error.code());
            assert!(matches!(nobody, Some("wrong_audience" | "expired")));
            pool::verifier_for(last).verify_link(text, NOW)
        }
    };
    let expected = match () {
        () if left.expires_at <= NOW.wall => Err("expired"),
        () if !same_audience => Err("wrong_audience"),
        () => Ok(()),
    };
    assert_eq!(verified.as_ref().map(|_| ()).map_err(|error| error.code()), expected);
    let Ok(access) = verified else { return };
    assert_eq!((access.permissions(), access.expires_at()), (left.permissions, left.expires_at));
    assert_eq!((access.recipients(), access.copies().len()), (&left.recipients[..], left.blocks));
    assert_eq!(access.audience(), left.audiences.last());
    let resources = match access.resources() {
        Resources::All => None,
        Resources::Only(list) => Some(list.iter().map(ToString::to_string).collect()),
    };
    assert_eq!(resources, left.resources);
    allows_no_more(&access, left);
}

fn allows_no_more(access: &portward::Access, left: &Left) {
    for name in WORLD.deployment.vocabulary.all() {
        let permission = WORLD.deployment.vocabulary.permission(name).unwrap();
        let granted = left.permissions.contains(permission);
        assert_eq!(access.allow(permission).is_ok(), granted && left.resources.is_none());
        for resource in ["contract.pdf", "42", "elsewhere"] {
            let listed = left.resources.as_ref().is_none_or(|list| list.contains(resource));
            assert_eq!(access.allow_on(permission, &resource.parse().unwrap()).is_ok(), granted && listed);
        }
    }
}
