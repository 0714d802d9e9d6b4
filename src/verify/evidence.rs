//! What is attached: record, disclosures, seal, receipt; each read, and set against the others.

use time::OffsetDateTime;

use crate::record::{self, Act, Digest, Disclosed, Record, day_from_text};
use crate::registry::{Checkpoint, EntryKind, Receipt, merkle};
use crate::seal::{Seal, UnverifiedSeal};

use super::Witnesses;
use super::document::Document;
use super::fact::{Fact, FactId, Text};
use super::issuer::unlisted_key;
use super::reason::Reason as _;
use super::trust::{Office, TrustList};

/// The attachments of every copy.
pub(crate) const NAMES: [&str; 4] = ["fields.json", "receipt.tlog-proof", "record.json", "seal.cose"];

/// The attachments as read, each with why not.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) record_bytes: Option<Vec<u8>>,
    pub(crate) record: Result<Record, Text>,
    pub(crate) disclosed: Result<Disclosed, Text>,
    /// Code, key and index that the seal names; not believed yet.
    pub(crate) seal: Result<UnverifiedSeal, Text>,
    pub(crate) receipt: Result<Receipt, Text>,
    pub(crate) checkpoint: Result<Checkpoint, Text>,
}

impl Evidence {
    pub(crate) fn read(document: &Document<'_, '_>) -> Self {
        let bytes = |name: &str| {
            let found = document.attachments.iter().find(|attachment| attachment.name == name);
            found.map(|attachment| attachment.bytes.as_ref()).ok_or_else(|| {
                Text::new(format!("thiếu tệp đính kèm {name}"), format!("{name} is not attached"))
            })
        };
        let record_bytes = bytes("record.json");
        let record = record_bytes.clone().and_then(|bytes| Record::parse(bytes).map_err(|e| e.reason()));
        let disclosures =
            bytes("fields.json").and_then(|bytes| record::fields_from_bytes(bytes).map_err(|e| e.reason()));
        let disclosed = match (&record, disclosures) {
            (Ok(record), Ok(list)) => record.disclosed(&list).map_err(|e| e.reason()),
            (Ok(_), Err(error)) => Err(error),
            (Err(_), _) => {
                Err(Text::new("không có bản ghi để đối chiếu", "there is no record to set it against"))
            }
        };
        let seal = bytes("seal.cose").and_then(|bytes| UnverifiedSeal::parse(bytes).map_err(|e| e.reason()));
        let receipt =
            bytes("receipt.tlog-proof").and_then(|bytes| Receipt::parse(bytes).map_err(|e| e.reason()));
        let checkpoint = match &receipt {
            Ok(receipt) => Checkpoint::parse(receipt.checkpoint.text()).map_err(|e| e.reason()),
            Err(error) => Err(error.clone()),
        };
        Self {
            record_bytes: record_bytes.ok().map(<[u8]>::to_vec),
            record,
            disclosed,
            seal,
            receipt,
            checkpoint,
        }
    }

    /// The index in the registry that the receipt states, else the seal.
    pub(crate) fn index(&self) -> Option<u64> {
        let receipt = self.receipt.as_ref().ok().map(|receipt| receipt.entry.index);
        receipt.or_else(|| self.seal.as_ref().ok().map(UnverifiedSeal::index))
    }

    /// `record.json`.
    pub(crate) fn record_fact(&self) -> Fact {
        let id = FactId::Record;
        match (&self.record, &self.record_bytes) {
            (Ok(_), Some(bytes)) => {
                let digest = Digest::of(bytes);
                Fact::passed(
                    id,
                    Text::new(
                        format!("đúng dạng chuẩn, SHA-256 {digest}"),
                        format!("in its canonical form, SHA-256 {digest}"),
                    ),
                )
            }
            (Err(error), _) => unread(error, id, "bản ghi", "record"),
            (Ok(_), None) => unreachable!("a record was read from bytes"),
        }
    }

    /// `fields.json` against the record's digests.
    pub(crate) fn disclosures(&self) -> Fact {
        let id = FactId::Disclosures;
        if self.record.is_err() {
            return no_record(id);
        }
        match &self.disclosed {
            Ok(disclosed) => {
                let (shown, withheld) = (disclosed.fields.len(), disclosed.withheld);
                let open = disclosed.fields.values().filter(|field| !field.confirmed).count();
                Fact::passed(
                    id,
                    Text::new(
                        format!(
                            "{shown} trường khớp bản ghi, {withheld} trường không công bố, {open} trường chưa có người xác nhận"
                        ),
                        format!(
                            "fields that match the record: {shown}; withheld: {withheld}; not confirmed by a person: {open}"
                        ),
                    ),
                )
            }
            Err(error) => Fact::failed(
                id,
                Text::new(
                    format!("các trường không khớp bản ghi ({})", error.vi),
                    format!("the fields do not match the record: {}", error.en),
                ),
            ),
        }
    }

    /// The seal: its key, its signature, and its values against the record's and the disclosed ones.
    pub(crate) fn seal(&self, office: Option<&Office>, trust: &TrustList) -> Fact {
        let id = FactId::Seal;
        let fail = |vi: String, en: String| Fact::failed(id, Text::new(vi, en));
        let unverified = match read(&self.seal, id, "dấu", "seal") {
            Ok(seal) => seal,
            Err(unread) => return unread,
        };
        let (Ok(record), Some(bytes)) = (&self.record, &self.record_bytes) else { return no_record(id) };
        let key_id = data_encoding::HEXLOWER.encode(&unverified.key_id());
        let index = unverified.index();
        let Some(office) = office else {
            return Fact::not_checked(
                id,
                Text::new(
                    format!("không có khóa tin cậy để kiểm tra (khóa {key_id})"),
                    format!("there is no trusted key to check it with (key {key_id})"),
                ),
            );
        };
        let Some(key) = office.seal_key(unverified.key_id()) else {
            let code = &office.code;
            return match trust.seal_key(unverified.key_id()) {
                Some((owner, _)) => fail(
                    format!("khóa {key_id} là của cơ quan {}, không phải của {code}", owner.code),
                    format!("key {key_id} is one of office {}, not of {code}", owner.code),
                ),
                None => Fact::not_checked(id, unlisted_key(&key_id, code, trust)),
            };
        };
        if !key.valid.contains(index) {
            return fail(
                format!("khóa {key_id} không có hiệu lực cho mục số {index}"),
                format!("key {key_id} is not valid for entry {index}"),
            );
        }
        let seal = match unverified.clone().verify(&key.key) {
            Ok(seal) => seal,
            Err(error) => {
                let why = error.reason().vi;
                return fail(format!("dấu không đúng ({why})"), format!("the seal does not hold: {error}"));
            }
        };
        let entry = self.index().unwrap_or(index);
        let expected = match Seal::of(record, Digest::of(bytes), entry, &key.key) {
            Ok(expected) => expected,
            Err(error) => return fail(error.reason().vi, error.to_string()),
        };
        if let Some((what, is, should)) = difference(&seal, &expected) {
            return fail(
                format!("dấu ghi {} là {}, nhưng đúng ra là {}", what.vi, is.vi, should.vi),
                format!("the seal says {} {}, but it is {}", what.en, is.en, should.en),
            );
        }
        let mut withheld = 0;
        if let Ok(disclosed) = &self.disclosed {
            for (name, value) in &seal.values {
                match disclosed.fields.get(name) {
                    None if disclosed.withheld > withheld => withheld += 1,
                    Some(field) if field.value.as_str() == Some(value) => {}
                    _ => {
                        return fail(
                            format!("giá trị của trường “{name}” trong dấu khác với trường được công bố"),
                            format!("the value of {name} in the seal is not the disclosed one"),
                        );
                    }
                }
            }
        }
        let values = seal.values.len();
        Fact::passed(
            id,
            Text::new(
                format!(
                    "dấu đúng với khóa {key_id} của cơ quan {}; {values} giá trị, {withheld} không đối chiếu được vì không công bố",
                    office.code
                ),
                format!(
                    "it holds with key {key_id} of office {}; values in it: {values}; withheld in the copy and not compared: {withheld}",
                    office.code
                ),
            ),
        )
    }

    /// The registry entry against the record and the seal.
    pub(crate) fn entry(&self) -> Fact {
        let id = FactId::Entry;
        let fail = |vi: String, en: String| Fact::failed(id, Text::new(vi, en));
        let receipt = match read(&self.receipt, id, "biên nhận", "receipt") {
            Ok(receipt) => receipt,
            Err(unread) => return unread,
        };
        let (Ok(record), Some(bytes)) = (&self.record, &self.record_bytes) else { return no_record(id) };
        let entry = &receipt.entry;
        let EntryKind::Issue { commitment } = &entry.kind else {
            return fail(
                "mục này không phải là mục cấp bản sao".into(),
                "the entry is not one of issue".into(),
            );
        };
        let expected = record::commitment(bytes);
        if *commitment != expected {
            return fail(
                format!("cam kết trong mục là {commitment}, của bản ghi này là {expected}"),
                format!("the entry commits to {commitment}, this record's commitment is {expected}"),
            );
        }
        if day_from_text(&record.date) != Some(entry.day) {
            return fail(
                format!("ngày của mục không phải là ngày {} của bản ghi", record.date),
                format!("the entry's day is not the record's, {}", record.date),
            );
        }
        if let Ok(seal) = &self.seal {
            if seal.index() != entry.index {
                return fail(
                    format!("dấu ghi mục số {}, biên nhận ghi {}", seal.index(), entry.index),
                    format!("the seal says entry {}, the receipt {}", seal.index(), entry.index),
                );
            }
            if seal.key_id() != entry.key_id {
                return fail(
                    "khóa ghi trong mục không phải là khóa của dấu".into(),
                    "the entry names another key than the seal's".into(),
                );
            }
        }
        Fact::passed(
            id,
            Text::new(
                format!("mục số {} cam kết đúng bản ghi này", entry.index),
                format!("entry {} commits to this record", entry.index),
            ),
        )
    }

    /// The receipt with its checkpoint; a checkpoint is read where the receipt is.
    fn tree(&self, id: FactId, vi: &str, en: &str) -> Result<(&Receipt, &Checkpoint), Fact> {
        let checkpoint = read(&self.checkpoint, id, vi, en)?;
        Ok((read(&self.receipt, id, vi, en)?, checkpoint))
    }

    /// The entry in the checkpoint's tree.
    pub(crate) fn inclusion(&self) -> Fact {
        let id = FactId::Inclusion;
        let (receipt, checkpoint) = match self.tree(id, "biên nhận", "receipt") {
            Ok(both) => both,
            Err(unread) => return unread,
        };
        let (index, size) = (receipt.entry.index, checkpoint.size);
        let leaf = receipt.entry.leaf_hash();
        match merkle::verify_inclusion(&leaf, index, size, &receipt.proof, &checkpoint.root) {
            Ok(()) => Fact::passed(
                id,
                Text::new(
                    format!("mục số {index} có trong cây gồm {size} mục"),
                    format!("entry {index} is in the tree of {size} entries"),
                ),
            ),
            Err(error) => Fact::failed(
                id,
                Text::new(
                    format!("mục số {index} không có trong cây gồm {size} mục ({})", error.reason().vi),
                    format!("entry {index} is not in the tree of {size} entries: {error}"),
                ),
            ),
        }
    }

    /// The checkpoint's signature by the office's log.
    pub(crate) fn checkpoint(&self, office: Option<&Office>, trust: &TrustList) -> Fact {
        let id = FactId::Checkpoint;
        let (receipt, checkpoint) = match self.tree(id, "điểm kiểm", "checkpoint") {
            Ok(both) => both,
            Err(unread) => return unread,
        };
        if self.record.is_err() {
            return no_record(id);
        }
        let Some(office) = office else {
            return Fact::not_checked(
                id,
                Text::new("không có khóa tin cậy của nhật ký", "there is no trusted key of the log"),
            );
        };
        if self.has_unlisted_log_key(office, trust) {
            let (code, edition) = (&office.code, trust.sequence());
            return Fact::not_checked(
                id,
                Text::new(
                    format!(
                        "danh sách tin cậy số {edition} không có khóa đã ký điểm kiểm này: cơ quan {code} đã đổi khóa của nhật ký sau khi có danh sách này, hoặc điểm kiểm là giả"
                    ),
                    format!(
                        "edition {edition} of the trust list does not have the key that signed this checkpoint: either office {code} has changed its log's key since, or the checkpoint is forged"
                    ),
                ),
            );
        }
        let last = checkpoint.size.saturating_sub(1);
        let keys: Vec<_> = office
            .log
            .keys
            .iter()
            .filter(|key| key.valid.contains(last))
            .map(|key| key.key.clone())
            .collect();
        match Checkpoint::open(&receipt.checkpoint, &office.log.origin, &keys) {
            Ok(checkpoint) => Fact::passed(
                id,
                Text::new(
                    format!("{} đã ký cây gồm {} mục", checkpoint.origin, checkpoint.size),
                    format!("{} signed the tree of {} entries", checkpoint.origin, checkpoint.size),
                ),
            ),
            Err(error) => Fact::failed(
                id,
                Text::new(
                    format!(
                        "không có chữ ký hợp lệ của nhật ký {} ({})",
                        office.log.origin,
                        error.reason().vi
                    ),
                    format!("no valid signature of the log {}: {error}", office.log.origin),
                ),
            ),
        }
    }
}

impl Evidence {
    /// Whether the checkpoint is one of the office's log and bears, of that name, only signatures by keys that nobody in the list has, for
    /// whatever entries or purpose.
    pub(crate) fn has_unlisted_log_key(&self, office: &Office, trust: &TrustList) -> bool {
        let (Ok(receipt), Ok(checkpoint)) = (&self.receipt, &self.checkpoint) else { return false };
        let origin = &office.log.origin;
        let mut by = receipt.checkpoint.signatures().iter().filter(|line| line.name == *origin).peekable();
        checkpoint.origin == *origin
            && by.peek().is_some()
            && by.all(|line| !trust.has_key_named(origin, line.id))
    }
}

/// A part as read, or the fact that it cannot be.
fn read<'a, T>(part: &'a Result<T, Text>, id: FactId, vi: &str, en: &str) -> Result<&'a T, Fact> {
    part.as_ref().map_err(|error| unread(error, id, vi, en))
}

fn unread(error: &Text, id: FactId, vi: &str, en: &str) -> Fact {
    Fact::failed(
        id,
        Text::new(
            format!("không đọc được {vi} ({})", error.vi),
            format!("the {en} cannot be read: {}", error.en),
        ),
    )
}

impl Evidence {
    /// Cosignatures of the reader's witnesses on a checkpoint over this entry: the copy's own, or one stapled later. With it the moment by which
    /// all of them had seen the entry.
    pub(crate) fn witnessed(
        &self,
        office: Option<&Office>,
        witnesses: &Witnesses<'_>,
    ) -> (Fact, Option<OffsetDateTime>) {
        let id = FactId::Witnessed;
        let not_proven = |vi: &str, en: &str| {
            let text = Text::new(format!("chưa chứng minh được: {vi}"), format!("not proven: {en}"));
            (Fact::not_checked(id, text), None)
        };
        let (Ok(own), Some(office)) = (&self.receipt, office) else {
            return not_proven(
                "không có biên nhận đọc được của cơ quan tin cậy",
                "there is no readable receipt of a trusted office",
            );
        };
        let policy = witnesses.policy;
        let trust = office.log_trust();
        let mut best: Option<(u64, usize)> = None;
        for receipt in std::iter::once(own).chain(witnesses.stapled).filter(|r| r.entry == own.entry) {
            let Ok(claimed) = Checkpoint::parse(receipt.checkpoint.text()) else { continue };
            let keys = trust.keys_at(claimed.size.saturating_sub(1));
            let Ok(checkpoint) = receipt.verify(&office.log.origin, &keys) else { continue };
            let logs: Vec<_> = policy.logs.iter().map(|log| log.key.clone()).collect();
            if !logs.is_empty() && receipt.checkpoint.verify(&logs).is_err() {
                continue;
            }
            let witnessed = policy.witnessed(&receipt.checkpoint);
            let (size, by) = (checkpoint.size, witnessed.by.len());
            if witnessed.quorum {
                let last = witnessed.by.iter().map(|(_, time)| *time).max();
                let last = last.and_then(|time| i64::try_from(time).ok());
                let last = last.and_then(|time| OffsetDateTime::from_unix_timestamp(time).ok());
                let fact = Fact::passed(
                    id,
                    Text::new(
                        format!("{by} bên chứng kiến đã ký điểm kiểm gồm {size} mục, đủ theo chính sách"),
                        format!(
                            "{by} witnesses cosigned the checkpoint of {size} entries, as many as the policy asks for"
                        ),
                    ),
                );
                return (
                    match last {
                        Some(last) => fact.at(last),
                        None => fact,
                    },
                    last,
                );
            }
            best = best.max(Some((size, by)));
        }
        let by = best.map_or(0, |(_, by)| by);
        let strange = others_receipts(own, witnesses.stapled);
        not_proven(
            &format!("chỉ có {by} chữ ký của bên chứng kiến, chưa đủ theo chính sách{}", strange.vi),
            &format!("{by} cosignatures of known witnesses, fewer than the policy asks for{}", strange.en),
        )
    }
}

/// That none of the receipts that were given helps, being of other entries; nothing where that is not so.
pub(crate) fn others_receipts(own: &Receipt, given: &[Receipt]) -> Text {
    match given.is_empty() || given.iter().any(|receipt| receipt.entry == own.entry) {
        true => Text::new("", ""),
        false => Text::new(
            "; biên nhận được nêu là của mục khác, không phải của bản sao này",
            "; the receipts that were given are of other entries, not of this copy's",
        ),
    }
}

/// The four attachments, and no others.
pub(crate) fn attachments(document: &Document<'_, '_>) -> Fact {
    let id = FactId::Attachments;
    let has = |name: &str| document.attachments.iter().any(|attachment| attachment.name == name);
    let missing: Vec<&str> = NAMES.into_iter().filter(|name| !has(name)).collect();
    let surplus: Vec<&str> =
        document.attachments.iter().map(|a| a.name.as_str()).filter(|name| !NAMES.contains(name)).collect();
    if missing.is_empty() && surplus.is_empty() {
        let list = NAMES.join(", ");
        return Fact::passed(id, Text::new(format!("đủ và đúng: {list}"), format!("exactly {list}")));
    }
    let list = |names: &[&str]| if names.is_empty() { "—".to_owned() } else { names.join(", ") };
    Fact::failed(
        id,
        Text::new(
            format!("thiếu: {}; thừa: {}", list(&missing), list(&surplus)),
            format!("missing: {}; surplus: {}", list(&missing), list(&surplus)),
        ),
    )
}

pub(crate) fn no_record(id: FactId) -> Fact {
    Fact::not_checked(
        id,
        Text::new("không có bản ghi để đối chiếu", "there is no record to check it against"),
    )
}

/// The first member in which a seal differs from what the record says.
fn difference(seal: &Seal, record: &Seal) -> Option<(Text, Text, Text)> {
    let same = |value: String| Text::new(value.clone(), value);
    let act = |act: Act| {
        let vi = match act {
            Act::Digitisation => "số hóa",
            Act::AgencyCopy => "sao y, sao lục, trích sao",
            Act::Certification => "chứng thực",
        };
        Text::new(vi, format!("{act:?}"))
    };
    let trial = |trial: bool| Text::new(if trial { "có" } else { "không" }, trial.to_string());
    let told = |seal: &Seal| {
        [
            (Text::new("cơ quan", "office"), same(seal.office_code.clone())),
            (Text::new("mục", "index"), same(seal.index.to_string())),
            (Text::new("bản ghi", "record"), same(seal.record.hex())),
            (Text::new("loại việc", "act"), act(seal.act)),
            (Text::new("bản thử nghiệm", "trial"), trial(seal.trial)),
            (Text::new("số chứng thực", "number"), same(seal.number.clone())),
            (Text::new("ngày", "date"), same(seal.date.to_string())),
            (Text::new("số trang", "pages"), same(seal.pages.to_string())),
        ]
    };
    let mut pairs = told(seal).into_iter().zip(told(record));
    pairs.find(|((_, is), (_, should))| is != should).map(|((what, is), (_, should))| (what, is, should))
}
