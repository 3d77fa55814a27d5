//! The Python reference and the Rust core say the same of anything: what is taken, what was read in it, and the code of what is wrong.
//!
//! Both are asked in the words of the vectors (`testkit/README.md`), so whatever they disagree in is a vector already. Input: what is asked
//! (1), and the bytes that it is asked of.

mod ask;
mod child;
mod said;

use ask::question;

pub(crate) fn holds(data: &[u8]) {
    let Some((op, data)) = data.split_first() else { return };
    let Some(case) = question(*op, data) else { return };
    let (reference, core) = (child::answer(&case), said::answer(&case));
    assert_eq!(core, reference, "the core on the left, the reference on the right, of {case}");
}
