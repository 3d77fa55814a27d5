//! A CycloneDX document cut to the crates that are built.

use std::collections::BTreeSet;

use serde_json::Value;

/// Leaves the components that are in `built`, and says nothing of the place `root`.
///
/// # Errors
///
/// If a crate that is built is not in the document, or a path of the machine still is.
pub(super) fn to(bom: &mut Value, built: &BTreeSet<(String, String)>, root: &str) -> Result<(), String> {
    without_places(bom, root);
    retain(bom, "components", |component| built.contains(&name_and_version(component)));
    let components = bom.get("components").and_then(Value::as_array).ok_or("there are no components")?;
    let listed: BTreeSet<(String, String)> = components.iter().map(name_and_version).collect();
    if let Some((name, version)) = built.difference(&listed).next() {
        return Err(format!("{name} {version} is built, and not listed"));
    }

    let itself = bom.pointer("/metadata/component").into_iter();
    let refs: BTreeSet<String> = components.iter().chain(itself).map(|component| text(component, "bom-ref")).collect();
    retain(bom, "dependencies", |dependency| refs.contains(&text(dependency, "ref")));
    for dependency in bom.get_mut("dependencies").and_then(Value::as_array_mut).into_iter().flatten() {
        retain(dependency, "dependsOn", |other| other.as_str().is_some_and(|other| refs.contains(other)));
    }
    let whole = bom.to_string();
    if whole.contains("file:") || whole.contains(root) { Err("a path is left".to_owned()) } else { Ok(()) }
}

/// `path+file:///home/me/portward/crates/portward#0.1.0` is `path+crates/portward#0.1.0`, and no file is offered for download.
fn without_places(value: &mut Value, root: &str) {
    match value {
        Value::String(text) => {
            if let Some((before, after)) = text.split_once("?download_url=file:") {
                *text = format!("{before}{}", after.find('#').map_or("", |at| after.split_at(at).1));
            }
            *text = text.replace(&format!("file://{root}/"), "");
        }
        Value::Array(values) => values.iter_mut().for_each(|value| without_places(value, root)),
        Value::Object(map) => map.values_mut().for_each(|value| without_places(value, root)),
        _ => {}
    }
}

fn retain(value: &mut Value, key: &str, keep: impl FnMut(&Value) -> bool) {
    if let Some(values) = value.get_mut(key).and_then(Value::as_array_mut) {
        values.retain(keep);
    }
}

fn name_and_version(component: &Value) -> (String, String) {
    (text(component, "name"), text(component, "version"))
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn component(name: &str) -> Value {
        json!({ "name": name, "version": "1.0.0", "bom-ref": format!("index#{name}") })
    }

    /// Of a package whose tool lists `used` and `unused`.
    fn bom() -> Value {
        json!({
            "metadata": { "component": { "bom-ref": "path+file:///here/crates/own#0.1.0", "purl": "pkg:cargo/own@0.1.0?download_url=file://.#src/lib.rs" } },
            "components": [component("used"), component("unused")],
            "dependencies": [
                { "ref": "path+file:///here/crates/own#0.1.0", "dependsOn": ["index#unused", "index#used"] },
                { "ref": "index#unused" },
                { "ref": "index#used", "dependsOn": [] },
            ],
        })
    }

    fn built(names: &[&str]) -> BTreeSet<(String, String)> {
        names.iter().map(|name| ((*name).to_owned(), "1.0.0".to_owned())).collect()
    }

    #[test]
    fn what_is_not_built_is_gone_everywhere() {
        let mut bom = bom();
        to(&mut bom, &built(&["used"]), "/here").unwrap();
        let expected = json!({
            "metadata": { "component": { "bom-ref": "path+crates/own#0.1.0", "purl": "pkg:cargo/own@0.1.0#src/lib.rs" } },
            "components": [component("used")],
            "dependencies": [{ "ref": "path+crates/own#0.1.0", "dependsOn": ["index#used"] }, { "ref": "index#used", "dependsOn": [] }],
        });
        assert_eq!(bom, expected);
    }

    #[test]
    fn what_is_built_has_to_be_there() {
        let refused = to(&mut bom(), &built(&["used", "other"]), "/here");
        assert_eq!(refused, Err("other 1.0.0 is built, and not listed".to_owned()));
        assert!(to(&mut json!({}), &built(&[]), "/here").is_err());
    }

    #[test]
    fn a_path_of_the_machine_is_an_error() {
        assert_eq!(to(&mut bom(), &built(&["used"]), "/elsewhere"), Err("a path is left".to_owned()));
    }
}
