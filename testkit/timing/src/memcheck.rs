//! Requests to memcheck, as its manual defines them (`memcheck/memcheck.h`, `include/valgrind.h`). Outside valgrind they do nothing.

#![expect(unsafe_code, reason = "a client request is a sequence of instructions that valgrind recognises")]

const MAKE_MEM_UNDEFINED: u64 = 0x4D43_0001;
const MAKE_MEM_DEFINED: u64 = 0x4D43_0002;

/// Makes these bytes secret: memcheck complains of every branch and every address that comes to depend on them.
pub(crate) fn poison(secret: &[u8]) {
    request(MAKE_MEM_UNDEFINED, secret);
}

/// Makes them public: they leave the process.
pub(crate) fn publish<T: AsRef<[u8]> + ?Sized>(public: &T) {
    request(MAKE_MEM_DEFINED, public.as_ref());
}

fn request(code: u64, bytes: &[u8]) {
    let arguments = [code, bytes.as_ptr().addr() as u64, bytes.len() as u64, 0, 0, 0];
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the sequence leaves every register but rdx as it was, and reads the six words behind rax. It changes no byte of memory,
    // only what valgrind notes of it.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            inout("rdx") 0u64 => _, in("rax") arguments.as_ptr(), out("rdi") _,
        );
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = arguments;
}
