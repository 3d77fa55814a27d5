use portward::DeploymentId;
use portward_test_vectors::bytes;
use serde_json::json;

use super::{code, done, kind_of, told};
use crate::backup::manifest::TableRows;
use crate::backup::parts::PartReader;
use crate::backup::sealed;
use crate::backup::sqlite::Contents;
use crate::backup::verify::refuse_nothing;
use crate::backup::{Manifest, catalogue};
use crate::store::vectors::{Case, Outcome, hex};

pub(super) fn kind(case: &Case<'_>) -> Outcome {
    let table = |name: &str| TableRows { schema: "main".to_owned(), table: name.to_owned(), rows: 1 };
    let tables = case.value["tables"].as_array().unwrap().iter();
    let tables = tables.map(|name| table(name.as_str().unwrap())).collect();
    done(Contents { tables, feed: None }.refuse_other_kind(kind_of(case.text("kind"))))
}

pub(super) fn file_name(case: &Case<'_>) -> Outcome {
    Ok(json!({ "file": catalogue::file_name(kind_of(case.text("kind")), case.number("number")) }))
}

pub(super) fn context(case: &Case<'_>) -> Outcome {
    let kind = kind_of(case.text("kind"));
    let deployment = DeploymentId::from_bytes(case.array("deployment"));
    let (tenant, context) = sealed::context(deployment, kind, case.number("number")).map_err(code)?;
    // `u16(count)`, then for each pair `lp(key) ‖ lp(value)`.
    let length = |length: usize| u16::try_from(length).unwrap().to_be_bytes().to_vec();
    let mut canonical = length(context.pairs().count());
    for text in context.pairs().flat_map(|(key, value)| [key, value]) {
        canonical.extend([length(text.len()), text.as_bytes().to_vec()].concat());
    }
    Ok(json!({
        "tenant": tenant.to_string(),
        "scope": kind.scope().unwrap().as_str(),
        "canonical": hex(&canonical),
    }))
}

/// As it stands before a dump.
pub(super) fn manifest(case: &Case<'_>) -> Outcome {
    let bytes = bytes(&case.value["manifest"]);
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    let (manifest, _) = PartReader::begin([&length[..], &bytes].concat().as_slice()).map_err(code)?;
    assert_eq!(manifest.to_bytes().unwrap(), bytes);
    Ok(json!({ "manifest": told::manifest(&manifest) }))
}

pub(super) fn plaintext(case: &Case<'_>) -> Outcome {
    let plaintext = bytes(&case.value["plaintext"]);
    let (manifest, mut parts) = PartReader::begin(plaintext.as_slice()).map_err(code)?;
    let mut dump = Vec::new();
    while let Some(part) = parts.next(&|| Ok(())).map_err(code)? {
        dump.extend_from_slice(part);
    }
    finish(&manifest, &dump)
}

pub(super) fn finish(manifest: &Manifest, dump: &[u8]) -> Outcome {
    refuse_nothing(manifest, dump.len().try_into().unwrap()).map_err(code)?;
    Ok(json!({ "manifest": told::manifest(manifest), "dump": told::digest(dump) }))
}
