//! Same issuer: everything in the copy that names or proves an office names and proves the same one.

use unicode_normalization::UnicodeNormalization as _;

use crate::record::Role;

use super::evidence::Evidence;
use super::fact::{Fact, FactId, Text};
use super::report::quoted;
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
    // What there is nothing of to compare, and why.
    let mut unknown: Vec<Text> = Vec::new();
    let without = |what: &Text, why: &Text| {
        Text::new(format!("{} ({})", what.vi, why.vi), format!("{} ({})", what.en, why.en))
    };
    let not_listed = Text::new("không có trong danh sách tin cậy", "the trust list does not have it");

    match &evidence.seal {
        Ok(seal) => {
            if seal.office_code() != code {
                strangers.push((Text::new("dấu", "the seal"), seal.office_code().to_owned()));
            }
            let key = Text::new("khóa của dấu", "the seal's key");
            match trust.seal_key(seal.key_id()) {
                Some((owner, _)) if owner.code != code => strangers.push((key, owner.code.clone())),
                Some(_) => {}
                None => unknown.push(without(&key, &not_listed)),
            }
        }
        Err(why) => unknown.push(without(&Text::new("dấu", "the seal"), why)),
    }
    match &evidence.checkpoint {
        Ok(checkpoint) => {
            let own = office.map(|office| office.log.origin.as_str());
            if let Some(owner) = trust.log(&checkpoint.origin).filter(|owner| owner.code != code) {
                strangers.push((Text::new("nhật ký", "the log"), owner.code.clone()));
            } else if own.is_some_and(|own| own != checkpoint.origin) {
                strangers.push((Text::new("nhật ký", "the log"), checkpoint.origin.clone()));
            } else if office.is_some_and(|office| evidence.has_unlisted_log_key(office, trust)) {
                unknown.push(without(&Text::new("khóa của nhật ký", "the log's key"), &not_listed));
            }
        }
        Err(why) => unknown.push(without(&Text::new("nhật ký", "the log"), why)),
    }
    for role in record.signers.iter().map(|signer| signer.role) {
        if !signatures.iter().any(|checked| checked.role() == role) {
            let why = Text::new("không đọc được chữ ký nào", "no signature of theirs could be read");
            unknown.push(without(&certificate_of(role), &why));
        }
    }
    if record.signers.is_empty() && signatures.is_empty() {
        let none = Text::new("chứng thư số (không có)", "certificates (there are none)");
        unknown.push(none);
    }
    for checked in signatures {
        let what = certificate_of(checked.role());
        match office.map(|_| checked.is_own()) {
            Some(Some(true)) => {}
            Some(None) => unknown.push(without(
                &what,
                &Text::new("không xác định được chứng thư gốc", "whose root it leads to could not be told"),
            )),
            Some(Some(false)) | None => match checked.owner(trust) {
                Some(owner) if owner.code != code => strangers.push((what, owner.code.clone())),
                _ if office.is_some() => strangers.push((what, "—".to_owned())),
                _ => {}
            },
        }
    }

    if !strangers.is_empty() {
        let whose = |(what, whose): (Text, String)| {
            Text::new(format!("{} ({whose})", what.vi), format!("{} ({whose})", what.en))
        };
        let Text { vi, en } = Text::joined(strangers.into_iter().map(whose), ", ");
        return Fact::failed(
            id,
            Text::new(
                format!("bản ghi thuộc cơ quan {code}, nhưng không cùng cơ quan: {vi}"),
                format!("the record is of office {code}, but of another: {en}"),
            ),
        );
    }
    let Some(office) = office else {
        let mut vi = format!("cơ quan {code} không có trong danh sách tin cậy");
        let mut en = format!("office {code} is not in the trust list");
        if let Some(listed) = namesake(&record.office.name, trust) {
            let (name, listed) = (quoted(&listed.name), &listed.code);
            vi = format!(
                "{vi}; nó mang tên {name} của cơ quan {listed}, là cơ quan có trong danh sách: có thể là giả mạo"
            );
            en = format!(
                "{en}; it bears the name {name} of office {listed}, which is: it may be an imitation"
            );
        }
        return Fact::not_checked(id, Text::new(vi, en));
    };
    if !unknown.is_empty() {
        let Text { vi, en } = Text::joined(unknown, ", ");
        return Fact::not_checked(
            id,
            Text::new(
                format!("chưa so được với cơ quan {code}: {vi}"),
                format!("not compared with office {code}: {en}"),
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

/// That the seal's key may be newer than the list, or nobody's.
pub(super) fn unlisted_key(key_id: &str, code: &str, trust: &TrustList) -> Text {
    let edition = trust.sequence();
    Text::new(
        format!(
            "danh sách tin cậy số {edition} không có khóa {key_id}: cơ quan {code} đã đổi khóa sau khi có danh sách này, hoặc dấu là giả"
        ),
        format!(
            "edition {edition} of the trust list does not have key {key_id}: either office {code} has changed its key since, or the seal is forged"
        ),
    )
}

/// A role's certificate in a list of what was compared.
fn certificate_of(role: Role) -> Text {
    match role {
        Role::Officer => Text::new("chứng thư số của người chứng thực", "the officer's certificate"),
        Role::Office => Text::new("chứng thư số của cơ quan", "the office's certificate"),
    }
}

/// The listed office of this name, however it is written: in capitals, spaced otherwise.
pub(crate) fn namesake<'t>(name: &str, trust: &'t TrustList) -> Option<&'t Office> {
    let plain = |name: &str| {
        let folded: String = name.nfkc().flat_map(char::to_lowercase).collect();
        folded.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let wanted = plain(name);
    trust.offices().iter().find(|office| plain(&office.name) == wanted)
}
