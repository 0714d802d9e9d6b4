//! The titles of forms and fields, from the forms' files, so that the page can call a field what people call it.

use std::path::Path;

use serde_json::{Map, Value, json};

fn main() {
    let forms = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/forms");
    println!("cargo::rerun-if-changed={}", forms.display());
    let mut titles = Map::new();
    let entries = std::fs::read_dir(&forms).expect("the forms stand beside this crate");
    for path in entries.map(|entry| entry.expect("the folder can be read").path()) {
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        println!("cargo::rerun-if-changed={}", path.display());
        let text = std::fs::read_to_string(&path).expect("a form can be read");
        let form: toml::Table = text.parse().expect("a form is TOML");
        let string = |value: Option<&toml::Value>| value.and_then(toml::Value::as_str).map(str::to_owned);
        let fields = form.get("field").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        let order: Vec<String> = fields.iter().filter_map(|field| string(field.get("name"))).collect();
        let fields: Map<String, Value> = fields
            .iter()
            .filter_map(|field| Some((string(field.get("name"))?, json!(string(field.get("title"))?))))
            .collect();
        let id = string(form.get("id")).expect("a form has an id");
        titles.insert(id, json!({"title": string(form.get("title")), "order": order, "fields": fields}));
    }
    let out = Path::new(&std::env::var("OUT_DIR").expect("cargo sets it")).join("titles.json");
    std::fs::write(out, Value::Object(titles).to_string()).expect("the output folder can be written");
}
