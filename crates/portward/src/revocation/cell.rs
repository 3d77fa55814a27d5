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

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::primitive::sha256;
    use crate::{Incarnation, Scope, Stamp};

    /// A view whose history is a checksum of its sequence and whose state says the sequence too.
    fn view(empty: &RevocationView, sequence: u64) -> RevocationView {
        let stamp = Stamp { incarnation: Incarnation::from_bytes([1; 16]), sequence };
        let mut view = empty.clone();
        view.position = Some((stamp, sha256(&[&sequence.to_be_bytes()])));
        view.state.deployment_generation = u32::try_from(sequence).unwrap();
        view
    }

    /// Eight readers, a million swaps: none torn, none backwards, and no reader ever waits for the writer.
    #[test]
    fn readers_see_whole_views_in_order() {
        let swaps =
            if cfg!(debug_assertions) && std::env::var_os("PORTWARD_LONG").is_none() { 100_000 } else { 1_000_000 };
        let empty = RevocationView::empty(crate::DeploymentId::from_bytes([1; 16]), Scope::ALL).unwrap();
        let cell = ViewCell::new(view(&empty, 0));
        let (done, ready) = (AtomicBool::new(false), Barrier::new(9));
        std::thread::scope(|scope| {
            let readers: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let mut last = 0;
                        let mut read = || {
                            cell.read(|view| {
                                let (stamp, checksum) = view.position.unwrap();
                                assert_eq!(checksum, sha256(&[&stamp.sequence.to_be_bytes()]), "torn");
                                assert_eq!(u64::from(view.state.deployment_generation), stamp.sequence, "torn");
                                assert!(stamp.sequence >= last, "backwards");
                                last = stamp.sequence;
                            });
                        };
                        // All are there before the first swap.
                        read();
                        ready.wait();
                        while !done.load(Ordering::Acquire) {
                            read();
                        }
                    })
                })
                .collect();
            ready.wait();
            for sequence in 1..=swaps {
                cell.store(Arc::new(view(&empty, sequence)));
            }
            done.store(true, Ordering::Release);
            readers.into_iter().for_each(|reader| reader.join().unwrap());
        });
        assert_eq!(cell.load().stamp().unwrap().sequence, swaps);
    }
}
