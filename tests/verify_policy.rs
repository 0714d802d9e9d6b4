//! The documented policy (`docs/verification.md`) is the one that is followed: every report is what its facts give by the tables there.

use std::collections::BTreeMap;

use saoy::record::Role;
use saoy::verify::{Options, Report, State, TrustList, Verdict};
use serde_json::Value;
use time::Duration;

use crate::attack;
use crate::tools_support::root;
use crate::verify_support::{AllGood, House, NOW, image, options, trust};

/// What `not-checked` means, by the fact's name.
fn needed() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root().join("docs/verification.md")).expect("the policy");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [fact, _, needed, _, ""] = cells[..] else { return None };
        Some((fact.trim_end_matches('`').to_owned(), needed.to_owned()))
    })
    .collect()
}

/// The verdict that the tables give.
fn by_the_book(report: &Report, list: &TrustList, needed: &BTreeMap<String, String>) -> Verdict {
    let known = report.copy.as_ref().is_some_and(|copy| list.office(&copy.office).is_some());
    let open = |what: &str| {
        report.facts.iter().any(|fact| {
            let id = serde_json::to_value(fact.id).expect("a name");
            let meaning =
                needed.get(id.as_str().expect("a name")).unwrap_or_else(|| panic!("{id} is not documented"));
            fact.state == State::NotChecked && meaning == what
        })
    };
    if report.facts.iter().any(|fact| fact.state == State::Failed) {
        Verdict::Invalid
    } else if !known {
        Verdict::UnknownIssuer
    } else if report.trial || open("yes") {
        Verdict::Indeterminate
    } else if open("status") {
        Verdict::AuthenticStatusUnknown
    } else {
        Verdict::Valid
    }
}

#[test]
fn every_fact_of_a_copy_is_in_the_policy() {
    let schema = std::fs::read_to_string(root().join("docs/report.schema.json")).expect("the schema");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let names = schema["$defs"]["fact"]["properties"]["id"]["enum"].as_array().expect("names of facts");
    let needed = needed();
    for name in names.iter().filter_map(Value::as_str) {
        let beside = ["paper", "paper-values", "foreign"].contains(&name);
        assert_eq!(needed.contains_key(name), !beside, "{name}");
    }
    assert_eq!(needed.len() + 3, names.len());
    assert!(needed.values().all(|value| ["yes", "no", "status"].contains(&value.as_str())), "{needed:?}");
}

#[test]
fn every_verdict_is_what_the_policy_gives() {
    let (house, other, stranger) =
        (House::new("999.01", 1), House::new("999.02", 2), House::new("999.03", 3));
    let list = trust(&[&house, &other]);
    let expired = TrustList::new(7, NOW - Duration::days(1), vec![house.trusted()]).expect("a list");
    let (needed, copy, theirs) = (needed(), house.copy(1), other.copy(2));
    let mut trial = other.parts(3, vec![image(3, 300)]);
    trial.record.trial = true;
    trial.record.signers.remove(0);
    trial.roles = vec![Role::Office];
    other.attach(&mut trial);
    let mut anonymous = house.parts(4, vec![image(4, 300)]);
    anonymous.title = "Bản sao chứng thực số 99".into();
    let forgeries = attack::all(&copy, &theirs).into_iter().map(|attack| attack.bytes);
    let files: Vec<Vec<u8>> = forgeries
        .chain([copy.clone(), theirs, stranger.copy(1), other.issue(&trial), house.issue(&anonymous)])
        .collect();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &files {
        for (list, status) in [(&list, true), (&list, false), (&expired, true)] {
            let asked = Options { status: status.then_some(&AllGood), ..options() };
            let Ok(report) = saoy::verify::verify(file, list, &asked) else { continue };
            assert_eq!(report.verdict, by_the_book(&report, list, &needed), "{:?}", report.facts);
            *seen.entry(report.verdict.name()).or_default() += 1;
        }
    }
    assert_eq!(seen.len(), 5, "each verdict was met: {seen:?}");
}
