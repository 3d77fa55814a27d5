//! What an object belongs to, as it stands on the command line.

use clap::Args;
use portward::Identifier;
use portward::envelope::{Context, DataScope};

use crate::failure::Failure;
use crate::read;

/// Who opens an object has to say the same as who sealed it.
#[derive(Args, Debug)]
pub(crate) struct ObjectArguments {
    /// Whose it is
    #[arg(long)]
    tenant: String,
    /// What it is: a logical name that stays the same for ever, such as files.content
    #[arg(long)]
    name: String,
    /// Which one it is
    #[arg(long)]
    id: String,
    /// The scope of its data key, KIND:NAME: what is erased together. Without it: file:ID
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// What else it belongs to, such as x-revision=3; repeat it
    #[arg(long = "with", value_name = "X-KEY=VALUE")]
    pairs: Vec<String>,
}

pub(crate) struct Object {
    pub(crate) tenant: Identifier,
    pub(crate) scope: DataScope,
    pub(crate) context: Context,
}

impl ObjectArguments {
    pub(crate) fn read(&self) -> Result<Object, Failure> {
        let tenant = read::identifier(&self.tenant)?;
        let mut context = Context::new(&tenant, &self.name, &self.id)?;
        for pair in &self.pairs {
            let (key, value) = pair.split_once('=').ok_or_else(no_pair)?;
            context = context.with(key, value)?;
        }
        let scope = self.scope.clone().unwrap_or_else(|| format!("file:{}", self.id));
        Ok(Object { tenant, scope: read::scope(&scope)?, context })
    }
}

fn no_pair() -> Failure {
    Failure::usage("context_key", "--with is written x-key=value")
}
