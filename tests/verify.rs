//! Copies, right and wrong, and what verification says of them.

use crate::verify_support;
use saoy::record::{Digest, Role, copy_id};
use saoy::registry::note::NoteSigner;
use saoy::registry::{Checkpoint, Entry, EntryKind, VoidCause, merkle};
use saoy::seal;
use saoy::signature::Algorithm;
use saoy::verify::trust::{IndexRange, TrustError};
use saoy::verify::{
    FactId, Language, MainIndication, NotACopy, Options, Report, Silence, State, Status, StatusAnswer,
    StatusSource, SubIndication, TrustList, Verdict,
};
use time::Duration;
use verify_support::{House, INDEX, NOW, Parts, file, image, in_vietnamese, options, trust, verify};

struct Says(Entry, Status);

impl StatusSource for Says {
    fn status(&self, _: &str, index: u64) -> Result<StatusAnswer, Silence> {
        assert_eq!(index, INDEX);
        Ok(StatusAnswer {
            entry: Some(self.0.clone()),
            status: self.1,
            since: None,
            replacement: None,
            as_of: NOW,
            until: None,
        })
    }
}

fn state(report: &Report, id: FactId) -> Option<State> {
    report.fact(id).map(|fact| fact.state)
}

fn failed(report: &Report) -> Vec<FactId> {
    report.failures().map(|fact| fact.id).collect()
}

#[test]
fn a_right_copy_holds_in_every_fact() {
    let house = House::new("999.01", 1);
    let parts = house.parts(12, vec![image(1, 600), image(2, 700)]);
    let copy = house.issue(&parts);
    let report = verify(&copy, &trust(&[&house]));
    assert_eq!(report.verdict, Verdict::AuthenticStatusUnknown, "{}", report.text(Language::English));
    for fact in &report.facts {
        let open = [FactId::Status, FactId::Time].contains(&fact.id);
        let expected = if open { State::NotChecked } else { State::Passed };
        assert_eq!(fact.state, expected, "{fact:?}");
        in_vietnamese(&fact.evidence.vi);
    }
    assert_eq!(report.facts.len(), 19);
    let says = report.copy.as_ref().expect("the record was read");
    assert!(says.proven && report.text(Language::English).contains("Trần Thị Mẫu 12"));
    assert_eq!((says.number.as_str(), says.index, says.pages), ("12/2026", Some(INDEX), 2));
    assert_eq!(says.copy_id, copy_id(&parts.files[0].1));
    assert_eq!(says.fields["child_name"].value, "Trần Thị Mẫu 12");
    assert_eq!(says.withheld, Some(0));
    assert_eq!(report.signatures.len(), 2);
    assert_eq!(report.signatures[1].claimed_time.as_deref(), Some("2026-11-22T03:04:05Z"));

    let good = Says(parts.entry.clone(), Status::Good);
    let options = Options { status: Some(&good), ..options() };
    let report = saoy::verify::verify(&copy, &trust(&[&house]), &options).expect("a copy");
    assert_eq!(report.verdict, Verdict::Valid);
    assert_eq!(saoy::verify::examine(&copy).as_deref(), Ok(parts.record.pages.as_slice()));
}

/// The words of ETSI EN 319 102-1, for the file and its last signature.
fn words(report: &Report) -> (MainIndication, Option<SubIndication>) {
    (report.signed.indication, report.signed.sub_indication)
}

#[test]
fn signatures_are_told_in_etsis_words() {
    let house = House::new("999.01", 1);
    let list = trust(&[&house]);
    let copy = house.copy(1);
    let report = verify(&copy, &list);
    assert_eq!(words(&report), (MainIndication::TotalPassed, None));
    assert!(report.signatures.iter().all(|one| one.validation == report.signed));
    let failed = |why| (MainIndication::TotalFailed, Some(why));
    let open = |why| (MainIndication::Indeterminate, Some(why));

    let grown = [&copy[..], b"\n"].concat();
    assert_eq!(words(&verify(&grown, &list)), failed(SubIndication::FormatFailure));
    // A byte of the page image: the digest is another.
    let image = copy.windows(7).position(|w| w == b"stream\n").expect("a stream") + 20;
    let mut changed = copy.clone();
    changed[image] ^= 1;
    assert_eq!(words(&verify(&changed, &list)), failed(SubIndication::HashFailure));
    // The last digit of the office's signature value.
    let gap = copy.windows(11).rposition(|w| w == b"/Contents <").expect("a gap") + 11;
    let end = gap + copy[gap..].iter().position(|b| *b == b'>').expect("its end");
    let digit = copy[..end].iter().rposition(|b| *b != b'0').expect("digits");
    let mut changed = copy.clone();
    changed[digit] = if changed[digit] == b'1' { b'2' } else { b'1' };
    assert_eq!(words(&verify(&changed, &list)), failed(SubIndication::SigCryptoFailure));

    let stranger = House::new("999.02", 2);
    let unknown = verify(&copy, &trust(&[&stranger]));
    assert_eq!(words(&unknown), open(SubIndication::NoCertificateChainFound));
    // When the certificate has expired nothing proves that it had not when it signed.
    let late = Options { now: NOW + Duration::days(365 * 30), ..options() };
    let report = saoy::verify::verify(&copy, &list, &late).expect("a copy");
    assert_eq!(words(&report), open(SubIndication::OutOfBoundsNoPoe));
}

#[test]
fn ed25519_signatures_hold_too() {
    let house = House::with("999.01", 1, Algorithm::Ed25519);
    let report = verify(&house.copy(1), &trust(&[&house]));
    assert_eq!(report.verdict, Verdict::AuthenticStatusUnknown, "{}", report.text(Language::English));
}

#[test]
fn what_the_registry_says_decides() {
    let house = House::new("999.01", 1);
    let parts = house.parts(1, vec![image(1, 600)]);
    let copy = house.issue(&parts);
    let entry = || parts.entry.clone();
    for (status, word) in [
        (Status::Revoked, "revoked"),
        (Status::Void, "voided"),
        (Status::Superseded { replacement: 9 }, "NO LONGER IN FORCE: a newer copy"),
        (Status::Corrected { replacement: 9 }, "NO LONGER IN FORCE: this copy had a mistake"),
    ] {
        let source = Says(entry(), status);
        let options = Options { status: Some(&source), ..options() };
        let report = saoy::verify::verify(&copy, &trust(&[&house]), &options).expect("a copy");
        assert_eq!(report.verdict, Verdict::Invalid);
        assert_eq!(failed(&report), [FactId::Status]);
        assert!(report.summary.en.contains(word), "{}", report.summary.en);
        assert_eq!(report.status, Some(status));
        // The same file again would not help, and the office stands by what it said when it issued it.
        assert!(!report.advice.en.contains("original file"), "{}", report.advice.en);
        assert!(report.copy.as_ref().is_some_and(|copy| copy.proven));
        for text in [&report.summary, &report.advice, &report.fact(FactId::Status).expect("there").evidence] {
            in_vietnamese(&text.vi);
        }
    }
    // Which copy took its place: by its number where the source knows it, else by its entry.
    let evidence = |source: &dyn StatusSource| {
        let options = Options { status: Some(source), ..options() };
        let report = saoy::verify::verify(&copy, &trust(&[&house]), &options).expect("a copy");
        report.fact(FactId::Status).expect("there").evidence.clone()
    };
    let by_entry = evidence(&Says(entry(), Status::Superseded { replacement: 9 }));
    assert!(
        by_entry.en.contains("superseded by entry 9") && by_entry.vi.contains("mục số 9"),
        "{by_entry:?}"
    );
    struct Numbered(Entry);
    impl StatusSource for Numbered {
        fn status(&self, office: &str, index: u64) -> Result<StatusAnswer, Silence> {
            let answer = Says(self.0.clone(), Status::Superseded { replacement: 9 }).status(office, index)?;
            Ok(StatusAnswer { replacement: Some("17/2026".into()), ..answer })
        }
    }
    let by_number = evidence(&Numbered(entry()));
    assert!(by_number.en.contains("superseded by copy 17/2026 (entry 9)"), "{by_number:?}");
    assert!(by_number.vi.contains("bản sao số 17/2026"), "{by_number:?}");
    let other = Says(Entry { prev: Digest([1; 32]), ..entry() }, Status::Good);
    let options = Options { status: Some(&other), ..options() };
    let report = saoy::verify::verify(&copy, &trust(&[&house]), &options).expect("a copy");
    assert_eq!((report.verdict, failed(&report)), (Verdict::Invalid, vec![FactId::Status]));
}

#[test]
fn an_office_that_is_not_listed_is_unknown() {
    let (house, other) = (House::new("999.01", 1), House::new("999.02", 2));
    let report = verify(&house.copy(1), &trust(&[&other]));
    assert_eq!(report.verdict, Verdict::UnknownIssuer, "{}", report.text(Language::English));
    for id in [FactId::Issuer, FactId::Seal, FactId::Checkpoint, FactId::CertificateOffice] {
        assert_eq!(state(&report, id), Some(State::NotChecked), "{id:?}");
    }
    // What needs no trust was checked all the same.
    for id in [FactId::SignatureOffice, FactId::Pages, FactId::Inclusion, FactId::Entry] {
        assert_eq!(state(&report, id), Some(State::Passed), "{id:?}");
    }
    assert_eq!(report.verdict.exit_code(true), 1);
}

#[test]
fn an_unlisted_office_with_a_listed_ones_name_is_remarked_upon() {
    let (listed, mut other) = (House::new("999.01", 1), House::new("999.02", 2));
    let list = trust(&[&listed]);
    let issuer = |report: &Report| report.fact(FactId::Issuer).expect("there").evidence.clone();
    let plain = verify(&other.copy(1), &list);
    assert!(!plain.advice.en.contains("WARNING") && !issuer(&plain).en.contains("imitation"), "{plain:?}");
    for name in [listed.name.clone(), listed.name.to_uppercase(), listed.name.replace(' ', "  ")] {
        other.name = name;
        let report = verify(&other.copy(1), &list);
        assert_eq!((report.verdict, report.verdict.exit_code(true)), (Verdict::UnknownIssuer, 1));
        assert!(issuer(&report).en.contains("bears the name"), "{:?}", issuer(&report));
        assert!(
            report.advice.en.starts_with("WARNING") && report.advice.en.contains("999.01"),
            "{:?}",
            report.advice
        );
        for text in [&report.advice, &issuer(&report)] {
            in_vietnamese(&text.vi);
        }
    }
}

#[test]
fn a_trial_is_never_valid() {
    let house = House::new("999.01", 1);
    let mut parts = house.parts(1, vec![image(1, 600)]);
    parts.record.trial = true;
    parts.record.signers.remove(0);
    parts.roles = vec![Role::Office];
    house.attach(&mut parts);
    let source = Says(parts.entry.clone(), Status::Good);
    let options = Options { status: Some(&source), ..options() };
    let report = saoy::verify::verify(&house.issue(&parts), &trust(&[&house]), &options).expect("a copy");
    assert_eq!((report.verdict, report.trial), (Verdict::Indeterminate, true));
    assert!(report.failures().next().is_none());
    assert!(report.summary.vi.contains("THỬ NGHIỆM"));
}

#[test]
fn a_trust_list_from_the_future_is_remarked_upon() {
    let house = House::new("999.01", 1);
    let copy = house.copy(1);
    let made = |at| trust(&[&house]).issued_at(at).expect("before its expiry");
    let past = made(NOW - Duration::days(1));
    assert_eq!(TrustList::parse(past.to_json().as_bytes()).as_ref(), Ok(&past));
    assert_eq!(state(&verify(&copy, &past), FactId::TrustList), Some(State::Passed));
    let report = verify(&copy, &made(NOW + Duration::days(2)));
    let fact = report.fact(FactId::TrustList).expect("there");
    assert_eq!((fact.state, report.verdict), (State::Warning, Verdict::AuthenticStatusUnknown));
    assert!(fact.evidence.en.contains("future"), "{fact:?}");
    in_vietnamese(&fact.evidence.vi);
    assert_eq!(trust(&[&house]).issued_at(NOW + Duration::days(900)), Err(TrustError::Issued));
    let wrong = past.to_json().replace("2026-11-21T03:04:05Z", "yesterday");
    assert_eq!(TrustList::parse(wrong.as_bytes()), Err(TrustError::Issued));
}

#[test]
fn an_expired_trust_list_concludes_nothing() {
    let house = House::new("999.01", 1);
    let list = TrustList::new(1, NOW - Duration::days(1), vec![house.trusted()]).expect("a list");
    let report = verify(&house.copy(1), &list);
    assert_eq!(report.verdict, Verdict::Indeterminate);
    assert_eq!(state(&report, FactId::TrustList), Some(State::NotChecked));
}

#[test]
fn withheld_fields_are_counted() {
    let house = House::new("999.01", 1);
    let mut parts = house.parts(1, vec![image(1, 600)]);
    parts.disclosures.retain(|d| d.name() != "child_name" && d.name() != "father_name");
    house.attach(&mut parts);
    let report = verify(&house.issue(&parts), &trust(&[&house]));
    assert_eq!(report.verdict, Verdict::AuthenticStatusUnknown, "{}", report.text(Language::English));
    assert_eq!(report.copy.expect("read").withheld, Some(2));
}

/// A copy of `a`, with what `change` does to its parts, must be invalid by just these facts.
fn wrong(change: impl Fn(&House, &House, &mut Parts), expected: &[FactId]) {
    let (a, b) = (House::new("999.01", 1), House::new("999.02", 2));
    let mut parts = a.parts(1, vec![image(1, 600)]);
    change(&a, &b, &mut parts);
    let report = verify(&a.issue(&parts), &trust(&[&a, &b]));
    assert_eq!(report.verdict, Verdict::Invalid, "{}", report.text(Language::English));
    assert_eq!(failed(&report), expected, "{}", report.text(Language::English));
}

#[test]
fn evidence_of_another_copy_is_refused() {
    let take = |name: &'static str| {
        move |a: &House, _: &House, parts: &mut Parts| {
            let mut other = a.parts(2, vec![image(2, 600)]);
            *file(parts, name) = file(&mut other, name).clone();
        }
    };
    wrong(take("seal.cose"), &[FactId::Seal]);
    wrong(take("receipt.tlog-proof"), &[FactId::Entry]);
    wrong(take("fields.json"), &[FactId::Disclosures]);
    wrong(take("record.json"), &[FactId::Pages, FactId::Disclosures, FactId::Seal, FactId::Entry]);
}

#[test]
fn two_offices_cannot_be_mixed() {
    // Another office's seal, over this record.
    wrong(
        |_, b, parts| {
            parts.seal.key_id = seal::key_id(&b.keys.seal_key().verifying_key());
            parts.entry.key_id = parts.seal.key_id;
            let receipt = House::new("999.01", 1).receipt(&parts.entry).to_bytes();
            *file(parts, "seal.cose") = seal::sign(&parts.seal, b.keys.seal_key()).expect("a seal");
            *file(parts, "receipt.tlog-proof") = receipt;
        },
        &[FactId::Issuer, FactId::Seal],
    );
    // Another office's log.
    wrong(
        |_, b, parts| *file(parts, "receipt.tlog-proof") = b.receipt(&parts.entry).to_bytes(),
        &[FactId::Issuer, FactId::Checkpoint],
    );
    // Everything but the record's own code of another office.
    wrong(
        |_, b, parts| {
            parts.seal.key_id = seal::key_id(&b.keys.seal_key().verifying_key());
            parts.entry.key_id = parts.seal.key_id;
            b.attach(parts);
        },
        &[FactId::Issuer, FactId::Seal, FactId::Checkpoint],
    );
}

#[test]
fn certificates_of_another_office_are_refused() {
    let (a, b) = (House::new("999.01", 1), House::new("999.02", 2));
    let list = trust(&[&a, &b]);
    let parts = a.parts(1, vec![image(1, 600)]);
    // b's office signs a's copy: the record names another certificate.
    let copy = a.issue_with(&parts, |role| (if role == Role::Office { &b } else { &a }, role));
    let report = verify(&copy, &list);
    assert_eq!(failed(&report), [FactId::Issuer, FactId::Signers, FactId::CertificateOffice]);
    assert!(report.fact(FactId::Issuer).expect("there").evidence.en.contains("999.02"));
    // The record names it, and everything else is a's.
    let mut parts = a.parts(1, vec![image(1, 600)]);
    parts.record.signers[1].certificate = b.certificate(Role::Office);
    a.attach(&mut parts);
    let copy = a.issue_with(&parts, |role| (if role == Role::Office { &b } else { &a }, role));
    assert_eq!(failed(&verify(&copy, &list)), [FactId::Issuer, FactId::CertificateOffice]);
}

#[test]
fn the_signers_are_those_of_the_record() {
    let house = House::new("999.01", 1);
    let list = trust(&[&house]);
    // The officer's signature is missing.
    let mut parts = house.parts(1, vec![image(1, 600)]);
    parts.roles = vec![Role::Office];
    assert_eq!(failed(&verify(&house.issue(&parts), &list)), [FactId::Signers]);
    // The other order.
    parts.roles = vec![Role::Office, Role::Officer];
    assert_eq!(failed(&verify(&house.issue(&parts), &list)), [FactId::Signers]);
    // The officer signs in both fields.
    let parts = house.parts(1, vec![image(1, 600)]);
    let copy = house.issue_with(&parts, |_| (&house, Role::Officer));
    assert_eq!(failed(&verify(&copy, &list)), [FactId::Signers]);
}

#[test]
fn pages_are_those_of_the_record() {
    wrong(|_, _, parts| parts.pages[0].stored = image(9, 600), &[FactId::Pages]);
    wrong(|_, _, parts| parts.pages[0].stored.decode = Some(vec![1, 0, 1, 0, 1, 0]), &[FactId::Pages]);
    wrong(|_, _, parts| parts.pages[0].stored.width = 299, &[FactId::Pages]);
    wrong(|_, _, parts| parts.pages.push(parts.pages[0].clone()), &[FactId::Pages]);
    // Two pages that have changed places.
    let house = House::new("999.01", 1);
    let mut parts = house.parts(1, vec![image(1, 600), image(2, 600)]);
    parts.pages.swap(0, 1);
    let report = verify(&house.issue(&parts), &trust(&[&house]));
    assert_eq!(failed(&report), [FactId::Pages]);
    assert!(report.fact(FactId::Pages).expect("there").evidence.en.contains("page 1"));
}

#[test]
fn attachments_are_the_four() {
    wrong(|_, _, parts| parts.files.push(("more.json".into(), b"{}".to_vec())), &[FactId::Attachments]);
    wrong(
        |_, _, parts| parts.files.retain(|(name, _)| name != "seal.cose"),
        &[FactId::Attachments, FactId::Seal],
    );
    wrong(
        |_, _, parts| parts.files.retain(|(name, _)| name != "receipt.tlog-proof"),
        &[FactId::Attachments, FactId::Entry, FactId::Inclusion, FactId::Checkpoint],
    );
    wrong(
        |_, _, parts| parts.files.retain(|(name, _)| name != "fields.json"),
        &[FactId::Attachments, FactId::Disclosures],
    );
    wrong(|_, _, parts| file(parts, "record.json").push(b'\n'), &[FactId::Record]);
    wrong(|_, _, parts| file(parts, "fields.json").push(b'\n'), &[FactId::Disclosures]);
    wrong(|_, _, parts| file(parts, "seal.cose").push(0), &[FactId::Seal]);
}

#[test]
fn the_metadata_names_this_copy() {
    wrong(|_, _, parts| parts.copy_id = Some([9; 16]), &[FactId::CopyId]);
}

#[test]
fn the_seal_says_what_the_record_says() {
    let resealed = |change: fn(&mut seal::Seal)| {
        move |a: &House, _: &House, parts: &mut Parts| {
            change(&mut parts.seal);
            *file(parts, "seal.cose") = seal::sign(&parts.seal, a.keys.seal_key()).expect("a seal");
        }
    };
    wrong(resealed(|seal| seal.number = "99/2026".into()), &[FactId::Seal]);
    wrong(resealed(|seal| seal.date += 1), &[FactId::Seal]);
    wrong(resealed(|seal| seal.pages += 1), &[FactId::Seal]);
    wrong(resealed(|seal| seal.trial = true), &[FactId::Seal]);
    wrong(resealed(|seal| seal.index += 1), &[FactId::Seal, FactId::Entry]);
    wrong(resealed(|seal| seal.record = Digest([3; 32])), &[FactId::Seal]);
    wrong(
        resealed(|seal| drop(seal.values.insert("child_name".into(), "Người Khác".into()))),
        &[FactId::Seal],
    );
    wrong(
        resealed(|seal| drop(seal.values.insert("mother_name".into(), "Người Khác".into()))),
        &[FactId::Seal],
    );
    wrong(resealed(|seal| seal.office_code = "999.02".into()), &[FactId::Issuer, FactId::Seal]);
}

#[test]
fn the_entry_and_the_log_hold() {
    let receipt = |change: fn(&House, &House, &mut saoy::registry::Receipt)| {
        move |a: &House, b: &House, parts: &mut Parts| {
            let mut receipt = a.receipt(&parts.entry);
            change(a, b, &mut receipt);
            *file(parts, "receipt.tlog-proof") = receipt.to_bytes();
        }
    };
    // A stale checkpoint, from before the entry.
    wrong(
        receipt(|a, _, receipt| {
            let leaves = a.leaves(&receipt.entry)[..3].to_vec();
            let old = Checkpoint::new(a.log.verifier().name(), 3, merkle::root(&leaves));
            receipt.checkpoint = old.sign(&a.log).expect("a checkpoint");
        }),
        &[FactId::Inclusion],
    );
    // A checkpoint of another tree.
    wrong(
        receipt(|a, _, receipt| {
            let other = Checkpoint::new(a.log.verifier().name(), 5, Digest([1; 32]));
            receipt.checkpoint = other.sign(&a.log).expect("a checkpoint");
        }),
        &[FactId::Inclusion],
    );
    wrong(receipt(|_, _, receipt| receipt.proof[0] = Digest([1; 32])), &[FactId::Inclusion]);
    wrong(receipt(|_, _, receipt| receipt.proof.truncate(2)), &[FactId::Inclusion]);
    // A checkpoint under the right name, signed with a key that is not the log's.
    wrong(
        receipt(|a, b, receipt| {
            let leaves = a.leaves(&receipt.entry);
            let name = a.log.verifier().name().to_owned();
            let forger = NoteSigner::new(&name, b.keys.seal_key().clone()).expect("a name");
            let forged = Checkpoint::new(name, 5, merkle::root(&leaves));
            receipt.checkpoint = forged.sign(&forger).expect("a checkpoint");
        }),
        &[FactId::Checkpoint],
    );
    // Entries that are not of this record.
    wrong(
        |a, _, parts| {
            parts.entry.day += 1;
            *file(parts, "receipt.tlog-proof") = a.receipt(&parts.entry).to_bytes();
        },
        &[FactId::Entry],
    );
    wrong(
        |a, _, parts| {
            parts.entry.key_id = [0; 8];
            *file(parts, "receipt.tlog-proof") = a.receipt(&parts.entry).to_bytes();
        },
        &[FactId::Entry],
    );
    wrong(
        |a, _, parts| {
            parts.entry.kind =
                EntryKind::Void { target: 1, target_leaf: Digest([1; 32]), cause: VoidCause::Failure };
            *file(parts, "receipt.tlog-proof") = a.receipt(&parts.entry).to_bytes();
        },
        &[FactId::Entry],
    );
}

#[test]
fn keys_hold_only_for_their_indexes() {
    let house = House::new("999.01", 1);
    let copy = house.copy(1);
    let run = |seal: IndexRange, log: IndexRange| {
        let mut office = house.trusted();
        office.seal_keys[0].valid = seal;
        office.log.keys[0].valid = log;
        let list = TrustList::new(1, NOW + Duration::days(1), vec![office]).expect("a list");
        failed(&verify(&copy, &list))
    };
    let range = |from, until| IndexRange { from, until };
    assert_eq!(run(range(INDEX, Some(INDEX + 1)), range(4, Some(5))), []);
    assert_eq!(run(range(INDEX + 1, None), range(0, None)), [FactId::Seal]);
    assert_eq!(run(range(0, Some(INDEX)), range(0, None)), [FactId::Seal]);
    assert_eq!(run(range(0, None), range(5, None)), [FactId::Checkpoint]);
    assert_eq!(run(range(0, None), range(0, Some(4))), [FactId::Checkpoint]);
}

#[test]
fn claimed_times_are_only_claimed() {
    let house = House::new("999.01", 1);
    let list = trust(&[&house]);
    let at = |signed_at| {
        let parts = Parts { signed_at, ..house.parts(1, vec![image(1, 600)]) };
        verify(&house.issue(&parts), &list)
    };
    let report = at(NOW);
    assert!(report.fact(FactId::CertificateOffice).expect("there").evidence.en.contains("only claims"));
    let time = report.fact(FactId::Time).expect("every copy's report has it");
    assert_eq!(time.state, State::NotChecked, "{time:?}");
    assert!(
        time.evidence.en.contains("2026-11-22T03:04:05Z")
            && time.evidence.en.contains("nobody but the office"),
        "{time:?}"
    );
    let future = at(NOW + Duration::days(2));
    assert_eq!(state(&future, FactId::Time), Some(State::Warning));
    assert!(future.fact(FactId::Time).expect("there").evidence.en.contains("future"));
    assert_eq!(state(&future, FactId::CertificateOffice), Some(State::Warning));
    assert_eq!(future.verdict, Verdict::AuthenticStatusUnknown);
    // Before the certificate was.
    let early = at(NOW - Duration::days(300));
    assert_eq!(failed(&early), [FactId::CertificateOfficer, FactId::CertificateOffice]);
}

#[test]
fn a_file_that_grew_is_not_the_copy() {
    let house = House::new("999.01", 1);
    let list = trust(&[&house]);
    let copy = house.copy(1);
    let length = copy.len();
    for tail in ["\n", "%%EOF\n", "% a comment\n", "1 0 obj\nnull\nendobj\n"] {
        let mut grown = copy.clone();
        grown.extend_from_slice(tail.as_bytes());
        assert_eq!(failed(&verify(&grown, &list)), [FactId::FileUntouched], "{tail:?}");
    }
    // A whole further revision, as editors append them.
    let text = String::from_utf8_lossy(&copy[length - 40..]).into_owned();
    let table: usize =
        text.split("startxref\n").nth(1).and_then(|t| t.lines().next()?.parse().ok()).expect("an offset");
    let mut grown = copy.clone();
    grown.extend_from_slice(b"9 0 obj\n<< >>\nendobj\n");
    let trailer = format!(
        "xref\n9 1\n{length:010} 00000 n \ntrailer\n<< /Size 99 /Root 1 0 R /Prev {table} >>\nstartxref\n{}\n%%EOF\n",
        grown.len()
    );
    grown.extend_from_slice(trailer.as_bytes());
    let report = verify(&grown, &list);
    assert_eq!((report.verdict, failed(&report)), (Verdict::Invalid, vec![FactId::FileUntouched]));
    assert_eq!(state(&report, FactId::Seal), Some(State::NotChecked));
    // The officer's revision alone.
    let first = copy.windows(6).position(|w| w == b"%%EOF\n").expect("revision 1 ends") + 6;
    let report = verify(&copy[..first], &list);
    assert_eq!((report.verdict, failed(&report)), (Verdict::Invalid, vec![FactId::FileUntouched]));
    assert!(
        report.fact(FactId::FileUntouched).expect("there").evidence.en.contains("saoy-office is not signed")
    );
    for cut in [length / 2, length - 1, length - 100] {
        assert_eq!(verify(&copy[..cut], &list).verdict, Verdict::Invalid);
    }
}

#[test]
fn no_single_byte_can_be_changed() {
    let house = House::new("999.01", 1);
    let list = trust(&[&house]);
    let parts = house.parts(1, vec![image(1, 300)]);
    let copy = house.issue(&parts);
    let source = Says(parts.entry.clone(), Status::Good);
    let options = Options { status: Some(&source), ..options() };
    let whole = saoy::verify::verify(&copy, &list, &options).expect("a copy");
    assert_eq!(whole.verdict, Verdict::Valid);
    // Each byte of the last signature's dictionary and SignedData, which no signature covers, and of what follows; every
    // 307th of the rest. The changed bit goes round.
    let gap = copy.windows(10).rposition(|w| w == b"/Contents ").expect("a signature") + 10;
    let used = copy[gap..].iter().position(|b| *b == b'>').expect("a gap's end");
    let data = copy[gap..gap + used].iter().rposition(|b| !matches!(b, b'0' | b'>')).expect("digits");
    let mut changed = copy.clone();
    for at in 0..copy.len() {
        let in_gap = at > gap + data + 64 && at < gap + used - 64;
        let dense = (gap.saturating_sub(300)..copy.len()).contains(&at) && !in_gap;
        if !dense && at % 307 != 0 {
            continue;
        }
        // In the gap a digit becomes another digit, so that it is the SignedData that changes.
        let change = if dense { 0x01 } else { 1u8 << (at / 307 % 8) };
        changed[at] ^= change;
        if let Ok(report) = saoy::verify::verify(&changed, &list, &options) {
            assert_eq!(report.verdict, Verdict::Invalid, "byte {at} ^ {change:#x}");
        }
        changed[at] ^= change;
    }
}

#[test]
fn other_files_are_no_copies() {
    let house = House::new("999.01", 1);
    let list = trust(&[&house]);
    let refused = |bytes: &[u8]| saoy::verify::verify(bytes, &list, &options()).expect_err("not a copy");
    assert_eq!(refused(b""), NotACopy::Empty);
    assert_eq!(refused(b"\xff\xd8\xff\xe0 jpeg"), NotACopy::OtherKind("a JPEG image"));
    assert_eq!(refused(b"\x89PNG\r\n"), NotACopy::OtherKind("a PNG image"));
    assert_eq!(refused(b"PK\x03\x04 docx"), NotACopy::OtherKind("a ZIP archive"));
    assert_eq!(refused(b"hello"), NotACopy::OtherKind("of an unknown kind"));
    let plain = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n";
    assert_eq!(refused(plain), NotACopy::OtherPdf);
    let signed = b"%PDF-1.7\n1 0 obj\n<< /Type /Sig /SubFilter /ETSI.CAdES.detached /Contents <00> >>\nendobj\n%%EOF\n";
    assert_eq!(refused(signed), NotACopy::OtherPdf);
}

#[test]
fn a_report_reads_in_both_languages_and_as_json() {
    let house = House::new("999.01", 1);
    let mut parts = house.parts(1, vec![image(1, 600)]);
    parts.pages[0].stored = image(9, 600);
    let report = verify(&house.issue(&parts), &trust(&[&house]));
    let (vi, en) = (report.text(Language::Vietnamese), report.text(Language::English));
    assert!(vi.starts_with("KHÔNG HỢP LỆ") && vi.contains("[KHÔNG ĐẠT] Ảnh các trang"), "{vi}");
    assert!(en.starts_with("INVALID") && en.contains("[FAILED] Page images"), "{en}");
    assert!(en.contains("[not checked] Status"), "{en}");
    // What a forgery says of people is not told as if it were so.
    assert!(en.contains("nothing proves") && en.contains("Fields not repeated here"), "{en}");
    assert!(!en.contains("Trần Thị Mẫu") && !vi.contains("Trần Thị Mẫu"), "{en}");
    assert!(report.copy.as_ref().is_some_and(|copy| !copy.proven));
    let json = serde_json::to_value(&report).expect("JSON");
    assert_eq!(json["version"], 1);
    assert_eq!(json["verdict"], "invalid");
    assert_eq!(json["copy"]["office"], "999.01");
    let facts = json["facts"].as_array().expect("facts");
    let pages = facts.iter().find(|fact| fact["id"] == "pages").expect("the fact");
    assert_eq!(pages["state"], "failed");
    assert!(pages["evidence"]["vi"].as_str().expect("a text").contains("trang 1"));
}

#[test]
fn exit_codes_are_those_of_the_command_line() {
    let codes = |verdict: Verdict| (verdict.exit_code(false), verdict.exit_code(true));
    assert_eq!(codes(Verdict::Valid), (0, 0));
    assert_eq!(codes(Verdict::AuthenticStatusUnknown), (3, 0));
    for verdict in [Verdict::Invalid, Verdict::Indeterminate, Verdict::UnknownIssuer] {
        assert_eq!(codes(verdict), (1, 1));
    }
}

#[test]
fn a_trust_list_reads_back_and_is_strict() {
    let (a, b) = (House::new("999.01", 1), House::new("999.02", 2));
    let list = trust(&[&a, &b]);
    let text = list.to_json();
    assert_eq!(TrustList::parse(text.as_bytes()), Ok(list));
    let edit = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        TrustList::parse(text.replacen(from, to, 1).as_bytes()).expect_err(to)
    };
    assert_eq!(edit("\"version\": 1", "\"version\": 2"), TrustError::Version(2));
    assert_eq!(edit("2027-", "2027/"), TrustError::Expiry);
    for (from, to) in [
        ("\"sequence\": 7", "\"sequence\": 7, \"more\": 1"),
        ("\"sequence\": 7", "\"sequence\": 7, \"sequence\": 8"),
        ("\"sequence\": 7", "\"sequence\": -7"),
        ("\"url\": null", "\"url\": 5"),
    ] {
        assert!(matches!(edit(from, to), TrustError::Shape(_)), "{to}");
    }
    for (from, to) in [
        ("\"from\": 0", "\"from\": 0, \"x\": 1"),
        ("\"id\": \"", "\"id\": \"0"),
        ("\"code\": \"999.01\"", "\"code\": \"../x\""),
        ("\"code\": \"999.01\"", "\"code\": \"999.02\""),
        ("-----BEGIN CERTIFICATE-----", "-----BEGIN KEY-----"),
        ("\"until\": null", "\"until\": 0"),
        ("999.01.saoy.invalid/log\"", "999.03.saoy.invalid/log\""),
        ("999.01.saoy.invalid/log+", "999.03.saoy.invalid/log+"),
    ] {
        let _ = edit(from, to);
    }
    // One key in two offices.
    let mut thief = b.trusted();
    thief.seal_keys = a.trusted().seal_keys;
    let shared = TrustList::new(1, NOW, vec![a.trusted(), thief]).expect_err("shared");
    assert!(matches!(shared, TrustError::Shared { what: "key", .. }));
}
