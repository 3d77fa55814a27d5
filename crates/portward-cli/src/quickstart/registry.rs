use super::story::Story;
use crate::failure::Failure;

/// A link that was sent is found, ends sooner, and is shown again.
pub(super) fn play(story: &mut Story) -> Result<(), Failure> {
    let list = ["link", "list", "--tenant=studio-7"];
    story.done("The studio looks through its links.", &list)?.all("links", "label", &["the contract"])?;
    let edit = ["link", "edit", "$ID", "--tenant=studio-7", "--ends-in-days=30"];
    story.done("It lets this one end sooner, though it was sent already.", &edit)?.shows("ends_at")?;
    let show = ["link", "show", "$ID", "--tenant=studio-7", "--token"];
    story.done("The client lost the mail: the link is shown again.", &show)?.repeats("token", "LINK")
}

/// Nothing of what was done with it is missing.
pub(super) fn look_back(story: &mut Story) -> Result<(), Failure> {
    let history = ["link", "history", "$ID", "--tenant=studio-7"];
    let events = ["revoked", "copy_revoked", "redeemed", "shown", "shortened", "issued"];
    story.done("The store knows what happened to it.", &history)?.all("events", "what", &events)
}
