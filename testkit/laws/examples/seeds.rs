//! Writes the seeds of the vectors into `fuzz/corpus`: `cargo run -p portward-laws --example seeds`.

use std::fs;
use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (law, name, bytes) in portward_laws::seeds::all() {
        fs::create_dir_all(corpus.join(law))?;
        fs::write(corpus.join(law).join(name), bytes)?;
    }
    Ok(())
}
