//! Same issuer: everything in the copy that names or proves an office names and proves the same one.

use super::evidence::Evidence;
use super::fact::{Fact, FactId, Text};
use super::signatures::Checked;
use super::trust::{Office, TrustList};

/// Record, seal, log and certificates against one office of the trust list.
pub(crate) fn same(
    office: Option<&Office>,
    trust: &TrustList,
    evidence: &Evidence,
    signatures: &[Checked<'_>],
) -> Fact {
    let id = FactId::Issuer;
    let Ok(record) = &evidence.record else { return super::evidence::no_record(id) };
    let code = record.office.code.as_str();
    let mut strangers: Vec<(Text, String)> = Vec::new();
    let mut unknown: Vec<Text> = Vec::new();

    if let Ok(seal) = &evidence.seal {
        if seal.office_code() != code {
            strangers.push((Text::new("dấu", "the seal"), seal.office_code().to_owned()));
        }
        if let Some((owner, _)) = trust.seal_key(seal.key_id()).filter(|(owner, _)| owner.code != code) {
            strangers.push((Text::new("khóa của dấu", "the seal's key"), owner.code.clone()));
        }
    } else {
        unknown.push(Text::new("dấu", "the seal"));
    }
    if let Ok(checkpoint) = &evidence.checkpoint {
        let own = office.map(|office| office.log.origin.as_str());
        if let Some(owner) = trust.log(&checkpoint.origin).filter(|owner| owner.code != code) {
            strangers.push((Text::new("nhật ký", "the log"), owner.code.clone()));
        } else if own.is_some_and(|own| own != checkpoint.origin) {
            strangers.push((Text::new("nhật ký", "the log"), checkpoint.origin.clone()));
        }
    } else {
        unknown.push(Text::new("nhật ký", "the log"));
    }
    for checked in signatures {
        let what = Text::new(
            match checked.role() {
                crate::record::Role::Officer => "chứng thư số của người chứng thực",
                crate::record::Role::Office => "chứng thư số của cơ quan",
            },
            match checked.role() {
                crate::record::Role::Officer => "the officer's certificate",
                crate::record::Role::Office => "the office's certificate",
            },
        );
        match office.map(|_| checked.is_own()) {
            Some(Some(true)) => {}
            Some(None) => unknown.push(what),
            Some(Some(false)) | None => match checked.owner(trust) {
                Some(owner) if owner.code != code => strangers.push((what, owner.code.clone())),
                _ if office.is_some() => strangers.push((what, "—".to_owned())),
                _ => {}
            },
        }
    }

    if !strangers.is_empty() {
        let list = |pick: fn(&Text) -> &str| {
            let parts: Vec<String> =
                strangers.iter().map(|(what, whose)| format!("{} ({whose})", pick(what))).collect();
            parts.join(", ")
        };
        return Fact::failed(
            id,
            Text::new(
                format!("bản ghi thuộc cơ quan {code}, nhưng không cùng cơ quan: {}", list(|t| &t.vi)),
                format!("the record is of office {code}, but of another: {}", list(|t| &t.en)),
            ),
        );
    }
    let Some(office) = office else {
        return Fact::not_checked(
            id,
            Text::new(
                format!("cơ quan {code} không có trong danh sách tin cậy"),
                format!("office {code} is not in the trust list"),
            ),
        );
    };
    if !unknown.is_empty() {
        let list = |pick: fn(&Text) -> &str| {
            unknown.iter().map(|t| pick(t).to_owned()).collect::<Vec<_>>().join(", ")
        };
        return Fact::not_checked(
            id,
            Text::new(
                format!("không xác định được: {}", list(|t| &t.vi)),
                format!("not determined: {}", list(|t| &t.en)),
            ),
        );
    }
    let vi = format!("bản ghi, dấu, nhật ký và chứng thư số đều của {} ({code})", office.name);
    let en = format!("record, seal, log and certificates are all of {} ({code})", office.name);
    if office.name == record.office.name {
        Fact::passed(id, Text::new(vi, en))
    } else {
        let name = &record.office.name;
        Fact::warning(
            id,
            Text::new(
                format!("{vi}; bản ghi nêu tên “{name}”"),
                format!("{en}; the record calls it “{name}”"),
            ),
        )
    }
}
