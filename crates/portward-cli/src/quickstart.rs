//! `portward quickstart`: the whole story, told with the commands that anybody can type, each outcome checked.

mod registry;
mod sealing;
mod story;

use std::path::PathBuf;

use clap::Args;
use portward::Audience;

use crate::failure::{Exit, Failure};
use crate::forgery;
use crate::global::Global;
use crate::report::Report;
use story::{Play, Story};

#[derive(Args, Debug)]
pub(crate) struct QuickstartArguments {
    /// Play in this new directory and keep it, instead of in a temporary one
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// The temporary directory goes when this returns, however it returns.
pub(crate) fn run(global: &Global, arguments: &QuickstartArguments, play: Play) -> Result<Report, Failure> {
    let temporary = tempfile::tempdir().map_err(|_| no_directory())?;
    let directory = arguments.keep.clone().unwrap_or_else(|| temporary.path().join("portward"));
    let mut story = Story::new(directory.clone(), !global.json, play);
    keys_and_a_link(&mut story)?;
    registry::play(&mut story)?;
    a_copy(&mut story)?;
    attacks(&mut story)?;
    revocation(&mut story)?;
    registry::look_back(&mut story)?;
    sealing::play(&mut story, &directory)?;
    temporary.close().map_err(|_| no_directory())?;
    Ok(story.end())
}

fn keys_and_a_link(story: &mut Story) -> Result<(), Failure> {
    story.done("A new deployment: one directory, one root key.", &["keyring", "new"])?.shows("active")?;
    story.done("A store for links, in a file; on PostgreSQL for many machines.", &["store", "init"])?.shows("stamp")?;
    let issue = ["link", "issue", "--tenant", "studio-7", "--client", "42", "--label=the contract"];
    let permissions = ["--permission=files:read", "--permission=messages:send", "--permission=invoices:read"];
    story
        .done(
            "The studio makes a link for its client 42. Nobody needs a password.",
            &[&issue[..], &permissions].concat(),
        )?
        .remembers("id", "ID")?
        .keeps("token", "LINK")?;
    story
        .done("The client comes with the link, and it is verified.", &["link", "verify", "$LINK"])?
        .has("permissions", &["files:read", "messages:send", "invoices:read"])?
        .lives_days(90)?;
    story.refused(
        "What was not granted is denied.",
        &["link", "verify", "$LINK", "--permission=files:delete"],
        "refused",
        "permission_denied",
    )
}

fn a_copy(story: &mut Story) -> Result<(), Failure> {
    let narrow = ["link", "narrow", "$LINK", "--permission=files:read", "--days=7", "--recipient=the lawyer"];
    story
        .done("The client makes a smaller copy for a lawyer, without asking anybody.", &narrow)?
        .keeps("token", "COPY")?;
    story
        .done("The copy opens less, and for a week only.", &["link", "verify", "$COPY"])?
        .has("permissions", &["files:read"])?
        .has("recipients", &["the lawyer"])?
        .shows("expires_at")
}

fn attacks(story: &mut Story) -> Result<(), Failure> {
    let forged = forgery::widened(story.value("LINK")).unwrap_or_default();
    let misspelt = forgery::misspelt(story.value("COPY"));
    story.set("FORGED", forged);
    story.set("MISSPELT", misspelt);
    let forged = ["link", "verify", "$FORGED"];
    story.refused("Somebody gives the link all permissions and mends its checksum.", &forged, "refused", "forged")?;
    let misspelt = ["link", "verify", "$MISSPELT"];
    story.refused("A letter of the copy changes on its way.", &misspelt, "damaged", "bad_checksum")
}

fn revocation(story: &mut Story) -> Result<(), Failure> {
    let verify_link = ["link", "verify", "$LINK"];
    story
        .done("The link is redeemed for a session of minutes.", &["session", "issue", "$LINK"])?
        .keeps("token", "SESSION")?;
    story.done("The session is verified.", &["session", "verify", "$SESSION"])?.shows("expires_at")?;
    story.done("The studio revokes the copy.", &["revoke", "copy", "$COPY"])?.shows("stamp")?;
    story.refused("The copy is refused.", &["link", "verify", "$COPY"], "refused", "copy_revoked")?;
    story
        .done("The link lives on.", &verify_link)?
        .has("permissions", &["files:read", "messages:send", "invoices:read"])?
        .shows("valid")?;
    story.done("The studio revokes the link.", &["revoke", "link", "$LINK"])?.shows("stamp")?;
    story.refused("The link is refused at once.", &verify_link, "refused", "link_revoked")?;
    story.refused("So is the session made from it.", &["session", "verify", "$SESSION"], "refused", "link_revoked")
}

fn no_directory() -> Failure {
    let message = "the temporary directory cannot be made or removed";
    Failure::new("temporary_directory", Audience::Environment, message, Exit::Environment)
}
