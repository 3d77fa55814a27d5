use std::path::Path;

use portward_store::files::{self, FileError};

use super::story::Story;
use crate::failure::Failure;

const CONTRACT: &[u8] = b"The studio delivers on Friday.";

/// A file is sealed, opens for nobody else, outlives a rotation, and is erased.
pub(super) fn play(story: &mut Story, directory: &Path) -> Result<(), Failure> {
    for (name, file) in [("FILE", "contract.txt"), ("SEALED", "contract.sealed"), ("OPENED", "contract.opened")] {
        story.set(name, directory.join(file).to_string_lossy().into_owned());
    }
    let file = directory.join("contract.txt");
    files::write_new_secret(&file, CONTRACT).map_err(|error: FileError| Failure::file(&file, error))?;

    story.done("The studio gets encryption keys of its own.", &["tenant", "new", "studio-7"])?.shows("tenant")?;
    let context = ["--tenant=studio-7", "--name=files.content", "--id=1204"];
    let seal = ["seal", "$FILE", "--output", "$SEALED", "--embed"];
    story.done("It seals a file.", &[&seal[..], &context].concat())?.shows("plaintext_bytes")?;
    let open = [&["open", "$SEALED", "--output", "$OPENED"][..], &context].concat();
    story.done("The file opens.", &open)?.made("OPENED", CONTRACT)?;

    story.done("Another studio has keys of its own.", &["tenant", "new", "studio-8"])?.shows("tenant")?;
    let other = ["open", "$SEALED", "--tenant=studio-8", "--name=files.content", "--id=1204"];
    story.refused("For it the file does not open.", &other, "unreadable", "no_slot")?;
    let moved = ["open", "$SEALED", "--tenant=studio-7", "--name=files.content", "--id=1205", "--scope=file:1204"];
    story.refused("Nor in the place of another file.", &moved, "unreadable", "wrong_commitment")?;

    story.done("The studio's KEK is rotated.", &["tenant", "rotate", "studio-7"])?.shows("version")?;
    let rewrap = ["rewrap", "$SEALED", "--tenant=studio-7", "--scope=file:1204"];
    story.done("The sealed file comes under the new one.", &rewrap)?.shows("version")?;
    let again = [&open[..], &["--force"]].concat();
    story.done("It opens as before.", &again)?.made("OPENED", CONTRACT)?;

    let destroy = ["tenant", "destroy", "studio-7", "--confirm=studio-7", "--backups-kept=30"];
    story
        .done("The studio leaves and wants everything erased: its keys are destroyed.", &destroy)?
        .shows("complete_at")?;
    story.refused("No copy of the file opens any more, wherever it is.", &again, "unreadable", "data_key_destroyed")
}
