use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::revocation::RevocationView;

/// Where verifiers find the newest view. Readers never wait and never see half a change: a view is made whole, then put here.
pub struct ViewCell(ArcSwap<RevocationView>);

impl ViewCell {
    /// A cell with its first view.
    pub fn new(view: RevocationView) -> Self {
        Self(ArcSwap::from_pointee(view))
    }

    /// The newest view.
    pub fn load(&self) -> Arc<RevocationView> {
        self.0.load_full()
    }

    /// Reads the newest view without counting a reference.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&RevocationView) -> T) -> T {
        read(&self.0.load())
    }

    pub(super) fn store(&self, view: Arc<RevocationView>) {
        self.0.store(view);
    }
}

impl core::fmt::Debug for ViewCell {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("ViewCell").field(&*self.load()).finish()
    }
}
