//! The system's allocator, which remembers where blocks of 32 bytes lie: `Secret` of the core keeps root keys in such blocks and shows
//! them to nobody.

#![expect(unsafe_code, reason = "an allocator, and a look into what it gave away")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::slice;
use std::sync::atomic::{AtomicPtr, Ordering};

struct Remembering;

#[global_allocator]
static ALLOCATOR: Remembering = Remembering;

const KEY: usize = 32;
static BLOCKS: [AtomicPtr<u8>; 4096] = [const { AtomicPtr::new(ptr::null_mut()) }; 4096];

/// The blocks that hold exactly this. For a program of one thread.
pub(crate) fn blocks_of(key: &[u8; KEY]) -> Vec<&'static [u8]> {
    let held = BLOCKS.iter().map(|place| place.load(Ordering::Relaxed)).filter(|block| !block.is_null());
    // SAFETY: a block is forgotten before it is freed, so each one is there. Those that are looked for live as long as the keyring, which
    // the program keeps to its end; of the others the slice is dropped here.
    let held = held.map(|block| unsafe { slice::from_raw_parts(block.cast_const(), KEY) });
    held.filter(|block| block == key).collect()
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Remembering {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let block = unsafe { System.alloc_zeroed(layout) };
        if layout.size() == KEY {
            replace(ptr::null_mut(), block);
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.size() == KEY {
            replace(block, ptr::null_mut());
        }
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

fn replace(old: *mut u8, new: *mut u8) {
    let place = BLOCKS.iter().find(|place| place.load(Ordering::Relaxed) == old);
    if let Some(place) = place {
        place.store(new, Ordering::Relaxed);
    }
}
