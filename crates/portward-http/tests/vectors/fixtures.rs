use std::collections::HashMap;
use std::sync::Arc;

use portward::{Deployment, Keyring, NoRevocation, Now, Revocation, Steady, Timestamp, Verifier, VerifierOptions};
use portward_test_vectors::Input;
use serde_json::Value;

use crate::view;

/// What the cases of the file share.
pub(crate) struct Fixtures<'a> {
    deployments: HashMap<&'a str, Arc<Deployment>>,
    keyrings: HashMap<&'a str, Arc<Keyring>>,
    views: &'a Value,
}

impl<'a> Fixtures<'a> {
    pub(crate) fn of(value: &'a Value) -> Self {
        let each = |name: &str| {
            value[name].as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.to_string()))
        };
        let deployments: HashMap<_, _> = each("deployments")
            .map(|(name, text)| (name, Arc::new(Deployment::from_json(text.as_bytes()).unwrap())))
            .collect();
        // Each keyring has the name of its deployment.
        let keyrings = each("keyrings")
            .map(|(name, text)| (name, Arc::new(Keyring::from_json(text.as_bytes(), &deployments[name]).unwrap())))
            .collect();
        Self { deployments, keyrings, views: &value["views"] }
    }

    pub(crate) fn keyring(&self, case: Input<'_>) -> &Arc<Keyring> {
        &self.keyrings[case.text("keyring")]
    }

    pub(crate) fn verifier(&self, case: Input<'_>) -> Verifier {
        let (deployment, keyring) = (&self.deployments[case.text("deployment")], self.keyring(case));
        let revocation = if case.has("view") {
            Revocation::View(view::of(&self.views[case.text("view")], keyring), view::mode(&case.value["mode"]))
        } else {
            Revocation::None(NoRevocation)
        };
        let audience = case.has("audience").then(|| case.text("audience").parse().unwrap());
        let options = VerifierOptions { audience, ..VerifierOptions::default() };
        Verifier::new(deployment.clone(), keyring.clone(), revocation, options).unwrap()
    }
}

pub(crate) fn now(case: Input<'_>) -> Now {
    let steady = if case.has("monotonic") { case.number("monotonic") } else { 0 };
    Now { wall: Timestamp::from_unix(case.number("now")), steady: Steady::from_millis(steady) }
}
