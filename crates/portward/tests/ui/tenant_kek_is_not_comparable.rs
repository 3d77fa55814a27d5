fn same(one: &portward::envelope::TenantKek, other: &portward::envelope::TenantKek) -> bool {
    one == other
}
fn main() {}
