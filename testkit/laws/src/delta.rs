//! A view and its deltas come to what the changes say together; and whatever a delta says, nothing final is taken back.
//!
//! Input: what the view begins with, what the delta says, the body of another delta.

use arbitrary::{Result, Unstructured};
use portward::{Change, FeedError};

use crate::draft::Draft;
use crate::model::Model;
use crate::snapshot::follower;
use crate::world::NOW;
use crate::{pool, wire};

pub(crate) fn holds(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let scope = pool::scope(input)?;
    let mut model = Model::of(&pool::changes(input, 12)?).within(&scope);
    let base = Draft::saved(&scope, &wire::body(&model.changes()));
    let mut follower = follower(&scope);
    follower.accept(&base.sealed(), NOW.wall).unwrap();
    let cell = follower.cell();
    assert_eq!(cell.load().to_changes(), model.changes());

    let mut changes = pool::changes(input, 12)?;
    changes.retain(|change| matches!(change, Change::Tenant(name, _) if scope.contains(name)) || !is_of_tenant(change));
    changes.sort_by_key(is_of_tenant);
    let delta = base.delta(&wire::body(&changes), 1);
    follower.accept(&delta.sealed(), NOW.wall).unwrap();
    model.apply_all(&changes);
    assert_eq!(cell.load().to_changes(), model.changes());

    // A compaction between any two is not seen.
    if input.arbitrary()? {
        let compaction = follower.begin_compaction();
        follower.install(compaction.run());
        assert_eq!(cell.load().to_changes(), model.changes());
    }
    let another = delta.delta(input.take_rest_or_nothing(), 2);
    match follower.accept(&another.sealed(), NOW.wall) {
        Ok(_) => assert!(Model::of(&cell.load().to_changes()).keeps_what_is_final_in(&model)),
        Err(error) => {
            // A delta over nothing would have to be empty; this one is over two changes.
            assert_eq!(error, FeedError::Malformed);
            assert_eq!(cell.load().to_changes(), model.changes());
        }
    }
    Ok(())
}

pub(crate) const fn is_of_tenant(change: &Change) -> bool {
    matches!(change, Change::Tenant(..))
}

/// `Unstructured::take_rest` takes the reader too.
pub(crate) trait Rest<'a> {
    fn take_rest_or_nothing(&mut self) -> &'a [u8];
}

impl<'a> Rest<'a> for Unstructured<'a> {
    fn take_rest_or_nothing(&mut self) -> &'a [u8] {
        self.bytes(self.len()).unwrap_or_default()
    }
}
