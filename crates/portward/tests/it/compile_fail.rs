/// What must not compile: claims of an unverified token, an `Access` made by hand, keys that can be copied or printed.
#[test]
fn misuse_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    cases.pass("tests/ui/pass/*.rs");
}
