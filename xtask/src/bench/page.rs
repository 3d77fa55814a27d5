//! What is kept of a measurement, and how long is measured.

use std::env;
use std::fs;
use std::io;

use crate::document;

/// A page that measurements are written to.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    path: &'static str,
    title: &'static str,
}

pub(crate) const PERFORMANCE: Page = Page { path: "docs/performance.md", title: "Performance" };
pub(crate) const SCALE: Page = Page { path: "docs/scale.md", title: "Scale" };

/// Prints a table and puts it into the page; what short settings measured is not worth keeping.
pub(crate) fn publish(Page { path, title }: Page, section: &str, table: &str) -> io::Result<()> {
    println!("\n{table}");
    if setting() == Setting::Short {
        return Ok(());
    }
    let body = format!("Measured on {}, {}.\n\n{table}", document::today()?, processor());
    let page = document::read_or(path, title)?;
    fs::write(path, document::with_section(&page, section, &body))
}

/// How long is measured: `PORTWARD_BENCH=long` is steadier, `short` proves only that all of it runs. The benches read it, too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    Short,
    Usual,
    Long,
}

pub(crate) fn setting() -> Setting {
    match env::var("PORTWARD_BENCH").as_deref() {
        Ok("short") => Setting::Short,
        Ok("long") => Setting::Long,
        _ => Setting::Usual,
    }
}

/// The processor's name, what of it ciphers use, and how much of it there is.
fn processor() -> String {
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let value = |name| information.lines().find_map(|line| line.strip_prefix(name)?.split_once(": "));
    let model = value("model name").map_or("a processor without a name", |(_, model)| model);
    let flags = value("flags").map_or("", |(_, flags)| flags);
    let used: Vec<&str> = FLAGS.into_iter().filter(|flag| flags.split(' ').any(|word| word == *flag)).collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model} ({}), {cores} cores", used.join(", "))
}

const FLAGS: [&str; 6] = ["aes", "pclmulqdq", "vaes", "vpclmulqdq", "avx512f", "sha_ni"];
