//! What a Node addon is linked with.

fn main() {
    napi_build::setup();
}
