#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| portward_laws::check("http", data));
