//! `portward link`: the tokens that clients get.

use std::time::Duration;

use clap::{Args, Subcommand};
use portward::{Access, LinkRequest, UntrustedLink, Vocabulary};
use portward_store::events::{EventKind, Operation, Subject};

use crate::commands::narrow::{self, NarrowArguments};
use crate::commands::registry::edit::{self, EditArguments};
use crate::commands::registry::facts::resources;
use crate::commands::registry::history::{self, HistoryArguments};
use crate::commands::registry::issue::{self as stored, TermsArguments};
use crate::commands::registry::list::{self, ListArguments};
use crate::commands::registry::show::{self, ShowArguments};
use crate::context::{self, Portal};
use crate::events::{self, event};
use crate::failure::Failure;
use crate::global::Global;
use crate::read;
use crate::report::{self, Report};

#[derive(Subcommand, Debug)]
pub(crate) enum LinkCommand {
    /// Make a link and print it
    Issue(IssueArguments),
    /// Read what a link says, without a key and without believing it
    Inspect(TokenArgument),
    /// Verify a link against keyring and view
    Verify(VerifyArguments),
    /// Make a copy that grants less; no key is needed
    Narrow(NarrowArguments),
    /// List the links of a tenant, the newest first; needs a store, as do the following
    List(ListArguments),
    /// Show what the store knows of a link, or its token again
    Show(ShowArguments),
    /// Change a link that was sent already, within what was signed
    Edit(EditArguments),
    /// Show what happened to a link
    History(HistoryArguments),
}

#[derive(Args, Debug)]
pub(crate) struct IssueArguments {
    /// Whose portal
    #[arg(long)]
    tenant: String,
    /// Who comes
    #[arg(long)]
    client: String,
    /// What is granted, such as files:read or files:*; repeat it
    #[arg(long = "permission", value_name = "NAME", required = true)]
    permissions: Vec<String>,
    /// How many days it lives; without: as the deployment says
    #[arg(long, value_name = "N", conflicts_with = "seconds")]
    days: Option<u64>,
    /// How many seconds it lives
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Good for this audience only
    #[arg(long)]
    audience: Option<String>,
    #[command(flatten)]
    terms: TermsArguments,
}

#[derive(Args, Debug)]
pub(crate) struct TokenArgument {
    /// The token, or - for standard input
    pub(crate) token: String,
}

#[derive(Args, Debug)]
pub(crate) struct VerifyArguments {
    /// The token, or - for standard input
    pub(crate) token: String,
    /// The audience that verifies; a token that states one must state this one
    #[arg(long)]
    pub(crate) audience: Option<String>,
    /// Whether it grants this, too
    #[arg(long, value_name = "NAME")]
    permission: Option<String>,
    /// Whether it grants that for this resource
    #[arg(long, value_name = "ID", requires = "permission")]
    resource: Option<String>,
}

pub(crate) fn run(global: &Global, command: LinkCommand) -> Result<Report, Failure> {
    match command {
        LinkCommand::Issue(arguments) => issue(global, &arguments),
        LinkCommand::Inspect(TokenArgument { token }) => inspect(global, &token),
        LinkCommand::Verify(arguments) => verify(global, &arguments),
        LinkCommand::Narrow(arguments) => narrow::run(global, &arguments),
        LinkCommand::List(arguments) => list::run(global, &arguments),
        LinkCommand::Show(arguments) => show::run(global, &arguments),
        LinkCommand::Edit(arguments) => edit::run(global, &arguments),
        LinkCommand::History(arguments) => history::run(global, &arguments),
    }
}

fn issue(global: &Global, arguments: &IssueArguments) -> Result<Report, Failure> {
    let portal = Portal::open(global)?;
    let (tenant, client) = (read::identifier(&arguments.tenant)?, read::identifier(&arguments.client)?);
    let permissions = portal.deployment.vocabulary.expand(&arguments.permissions)?;
    let mut request = LinkRequest::new(tenant, client, permissions);
    if let Some(lifetime) = arguments.days.map(read::days).or(arguments.seconds.map(Duration::from_secs)) {
        request = request.lifetime(lifetime);
    }
    if let Some(audience) = read::identifier_of(arguments.audience.as_deref())? {
        request = request.audience(audience);
    }
    if let Some(links) = &portal.links {
        return stored::issue(links, &request, &arguments.terms);
    }
    arguments.terms.none()?;
    let generations = portal.authority.view().generations(&tenant, &client);
    let link = portal.issuer().issue_link(&request, generations, portal.now.wall)?;
    events::tell(global, event(Operation::Link(EventKind::Issued)).of(tenant).about(Subject::Entry(link.id())))?;
    Ok(Report::new()
        .fact("token", link.text())
        .fact("id", report::hex(&link.id()))
        .fact("expires_at", report::time(link.expires_at()))
        .fact("link_check", report::hex(&link.link_check()))
        .plain(format!("{}\n", link.text())))
}

fn inspect(global: &Global, token: &str) -> Result<Report, Failure> {
    // Nobody is let in or turned away here, so there is no public answer.
    let link = UntrustedLink::parse(&read::token(token)?).map_err(|error| Failure { public: None, ..error.into() })?;
    // The names of the permissions are the deployment's. Without one the rest can still be read.
    let deployment = context::directory(global).and_then(|directory| context::deployment(&directory));
    let unknown = deployment.as_ref().err().map(|failure| failure.message.clone());
    let permissions = deployment.ok().map(|deployment| report::names(deployment.vocabulary.names(link.permissions())));
    let report = match unknown {
        Some(why) => Report::new().note(format!("the names of the permissions are unknown: {why}")),
        None => Report::new(),
    };
    Ok(report
        .fact("verified", false)
        .fact("says_tenant", link.tenant().to_string())
        .fact("says_client", link.client().to_string())
        .fact("says_issued_at", report::time(link.issued_at()))
        .fact("says_expires_at", report::time(link.expires_at()))
        .fact("says_permissions", permissions)
        .fact("says_resources", resources(link.resources()))
        .fact("says_audience", link.audience().map(ToString::to_string))
        .fact("says_recipients", report::names(link.recipients().iter().map(String::as_str)))
        .fact("says_sealed", link.is_sealed())
        .note("this was read without a key: anybody can write a link that says so"))
}

fn verify(global: &Global, arguments: &VerifyArguments) -> Result<Report, Failure> {
    let text = read::token(&arguments.token)?;
    let portal = Portal::open(global)?;
    let verifier = portal.verifier(read::identifier_of(arguments.audience.as_deref())?)?;
    let (access, check) = verifier.verify_link_with_check(&text, portal.now)?;
    allowed(&access, arguments, &portal.deployment.vocabulary)?;
    Ok(granted(&access, &portal.deployment.vocabulary).fact("link_check", report::hex(&check)))
}

/// Asks for the permission named, if one is.
pub(crate) fn allowed(access: &Access, arguments: &VerifyArguments, vocabulary: &Vocabulary) -> Result<(), Failure> {
    let Some(name) = &arguments.permission else { return Ok(()) };
    let permission = vocabulary.permission(name)?;
    let answer = match read::identifier_of(arguments.resource.as_deref())? {
        Some(resource) => access.allow_on(permission, &resource),
        None => access.allow(permission),
    };
    answer.map_err(|error| Failure::from(error).of_token(access.token_id()))
}

/// What a token that was verified grants.
pub(crate) fn granted(access: &Access, vocabulary: &Vocabulary) -> Report {
    Report::new()
        .fact("valid", true)
        .fact("id", report::hex(&access.token_id()))
        .fact("tenant", access.tenant().to_string())
        .fact("client", access.client().to_string())
        .fact("issued_at", report::time(access.issued_at()))
        .fact("expires_at", report::time(access.expires_at()))
        .fact("permissions", report::names(vocabulary.names(access.permissions())))
        .fact("resources", resources(access.resources()))
        .fact("audience", access.audience().map(ToString::to_string))
        .fact("recipients", report::names(access.recipients().iter().map(String::as_str)))
        .fact("copies", access.copies().iter().map(|copy| report::hex(copy)).collect::<Vec<_>>())
}
