//! A print's QR code by itself: what the office sealed is proven, the paper never is.

use saoy::record::{self, Digest};
use saoy::registry::check::Published;
use saoy::registry::{Entry, EntryKind};
use saoy::seal::{self, Seal, SealError};
use saoy::verify::trust::IndexRange;
use saoy::verify::{
    Comparison, FactId, Language, Options, Paper, PaperValue, SealReport, SealVerdict, Silence, State,
    Status, StatusAnswer, StatusSource, TrustList, verify_seal,
};
use time::Duration;

use crate::office_support::Desk;
use crate::verify_support::{House, INDEX, NOW, image, in_vietnamese, options, trust};

/// The seal of a house's copy with two values.
fn sealed(house: &House) -> Seal {
    let mut seal = house.parts(1, vec![image(1, 600)]).seal;
    seal.values = [("full_name", "NGUYỄN VĂN VÍ DỤ"), ("birth_date", "2001-02-03")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    seal.omitted = vec!["birth_place".into()];
    seal
}

fn text(house: &House, seal: &Seal) -> String {
    let cose = seal::sign(seal, house.keys.seal_key()).expect("a seal");
    seal::qr_text(&cose, None).expect("it fits")
}

fn check(text: &str, trust: &TrustList) -> SealReport {
    verify_seal(text, trust, &options()).expect("a seal, whatever its worth")
}

fn state(report: &SealReport, id: FactId) -> State {
    report.fact(id).expect("every seal's report has it").state
}

/// Says the same of every entry of one office, which it has or, as a list does, has not.
struct Says(&'static str, Status, Option<Entry>);

impl StatusSource for Says {
    fn status(&self, office: &str, index: u64) -> Result<StatusAnswer, Silence> {
        if office != self.0 {
            return Err(Silence::OtherOffice);
        }
        assert_eq!(index, INDEX);
        Ok(StatusAnswer {
            entry: self.2.clone(),
            status: self.1,
            since: None,
            replacement: None,
            as_of: NOW,
            until: None,
        })
    }
}

/// A registry that ends before the seal's entry.
struct Short;

impl StatusSource for Short {
    fn status(&self, _: &str, _: u64) -> Result<StatusAnswer, Silence> {
        Err(Silence::NoEntry { size: 3 })
    }
}

/// The entry of the copy whose seal this house's is.
fn entry_of(house: &House) -> Entry {
    house.parts(1, vec![image(1, 600)]).entry
}

#[test]
fn a_seal_proves_its_values_and_nothing_about_the_paper() {
    let house = House::new("999.01", 1);
    let list = trust(&[&house]);
    let seal = sealed(&house);
    let cose = seal::sign(&seal, house.keys.seal_key()).expect("a seal");
    let link = seal::qr_text(&cose, Some("https://xacminh.example.vn")).expect("it fits");
    for text in [text(&house, &seal), link.clone(), format!("  {link}\n")] {
        let report = check(&text, &list);
        assert_eq!(report.verdict, SealVerdict::Sealed);
        for says in ["paper was not checked", "registry not consulted", "a print is not the certified copy"] {
            assert!(report.summary.en.contains(says), "{}", report.summary.en);
        }
        assert!(
            report.summary.vi.contains("bản in không phải là bản sao chứng thực"),
            "{}",
            report.summary.vi
        );
        let facts = report.seal.as_ref().expect("it was opened");
        assert_eq!((facts.values.clone(), &facts.omitted), (seal.values.clone(), &seal.omitted));
        assert_eq!((facts.office.as_str(), &facts.office_name), ("999.01", &house.name));
        assert_eq!(facts.copy_id, seal.record.hex()[..32]);
        assert_eq!((facts.number.as_str(), facts.index), (seal.number.as_str(), INDEX));
        assert_eq!(state(&report, FactId::Seal), State::Passed);
        assert_eq!(state(&report, FactId::Paper), State::NotChecked);
        assert_eq!(state(&report, FactId::Status), State::NotChecked);
        assert_eq!((report.exit_code(false), report.exit_code(true)), (3, 0));
        let people = report.text(saoy::verify::Language::Vietnamese);
        for says in ["DẤU ĐÚNG", "NGUYỄN VĂN VÍ DỤ", "birth_place", "[chưa kiểm tra] Tờ giấy"]
        {
            assert!(people.contains(says), "{people}");
        }
    }
}

#[test]
fn another_link_is_the_same_seal() {
    let house = House::new("999.01", 1);
    let text = text(&house, &sealed(&house));
    let elsewhere = text.replace("SC1:", "https://khac.example.org/x/#");
    assert_eq!(check(&elsewhere, &trust(&[&house])), check(&text, &trust(&[&house])));
}

#[test]
fn every_changed_character_is_refused() {
    let house = House::new("999.01", 1);
    let list = trust(&[&house]);
    let text = text(&house, &sealed(&house));
    let mut invalid = 0;
    for at in 4..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == b'B' { b'C' } else { b'B' };
        let changed = String::from_utf8(bytes).expect("ASCII");
        match verify_seal(&changed, &list, &options()) {
            Ok(report) => {
                assert_ne!(report.verdict, SealVerdict::Sealed, "character {at}");
                assert!(report.seal.is_none(), "values of a seal that does not hold are not shown");
                invalid += 1;
            }
            Err(SealError::Text(_) | SealError::Cose(_) | SealError::Content(_)) => {}
            Err(error) => panic!("character {at}: {error}"),
        }
    }
    assert!(invalid > 50, "{invalid} changed seals could still be read");
}

#[test]
fn a_key_of_another_office_is_refused() {
    let (a, b) = (House::new("999.01", 1), House::new("999.02", 2));
    let mut seal = sealed(&a);
    seal.key_id = seal::key_id(&b.keys.seal_key().verifying_key());
    let text = text(&b, &seal);
    let report = check(&text, &trust(&[&a, &b]));
    assert_eq!((report.verdict, report.exit_code(true)), (SealVerdict::Invalid, 1));
    assert_eq!(state(&report, FactId::Issuer), State::Failed);
    let issuer = &report.fact(FactId::Issuer).expect("it is there").evidence.en;
    assert!(issuer.contains("999.02"), "{issuer}");
    // The office that is named is not listed, the key is another's all the same.
    assert_eq!(check(&text, &trust(&[&b])).verdict, SealVerdict::Invalid);
}

#[test]
fn a_key_that_the_list_does_not_have_may_be_newer_than_the_list() {
    let (house, other) = (House::new("999.01", 1), House::new("999.02", 2));
    let mut office = house.trusted();
    office.seal_keys[0].key = House::new("999.03", 3).keys.seal_key().verifying_key();
    let list =
        TrustList::new(7, NOW + Duration::days(1), vec![office, other.trusted()]).expect("a trust list");
    let report = check(&text(&house, &sealed(&house)), &list);
    assert_eq!((report.verdict, report.exit_code(true)), (SealVerdict::Indeterminate, 1));
    assert_eq!(report.seal, None, "values that nobody vouches for are not shown");
    assert!(report.summary.en.contains("nothing in the code is proven"), "{}", report.summary.en);
    assert!(report.advice.en.contains("newer trust list"), "{}", report.advice.en);
    for text in [&report.summary, &report.advice, &report.fact(FactId::Issuer).expect("there").evidence] {
        in_vietnamese(&text.vi);
    }
}

#[test]
fn an_office_that_is_not_listed_is_unknown() {
    let (a, b) = (House::new("999.01", 1), House::new("999.02", 2));
    let report = check(&text(&a, &sealed(&a)), &trust(&[&b]));
    assert_eq!((report.verdict, report.exit_code(true)), (SealVerdict::UnknownIssuer, 1));
    assert_eq!(report.seal, None, "values that nobody vouches for are not shown");
}

#[test]
fn a_key_out_of_its_range_is_refused() {
    let house = House::new("999.01", 1);
    let mut office = house.trusted();
    office.seal_keys[0].valid = IndexRange { from: INDEX + 1, until: None };
    let list = TrustList::new(7, NOW + Duration::days(1), vec![office]).expect("a trust list");
    let report = check(&text(&house, &sealed(&house)), &list);
    assert_eq!((report.verdict, state(&report, FactId::Seal)), (SealVerdict::Invalid, State::Failed));
}

#[test]
fn a_trial_and_an_expired_list_conclude_nothing() {
    let house = House::new("999.01", 1);
    let mut seal = sealed(&house);
    let list = TrustList::new(7, NOW, vec![house.trusted()]).expect("a trust list");
    let report = check(&text(&house, &seal), &list);
    assert_eq!(
        (report.verdict, state(&report, FactId::TrustList)),
        (SealVerdict::Indeterminate, State::NotChecked)
    );
    assert!(report.summary.en.contains("expired"), "{}", report.summary.en);
    seal.trial = true;
    let report = check(&text(&house, &seal), &trust(&[&house]));
    assert_eq!((report.verdict, report.trial), (SealVerdict::Indeterminate, true));
    assert!(report.summary.en.contains("TRIAL"), "{}", report.summary.en);
}

#[test]
fn what_the_registry_says_decides() {
    let house = House::new("999.01", 1);
    let (list, text) = (trust(&[&house]), text(&house, &sealed(&house)));
    let with = |source: &Says| {
        verify_seal(&text, &list, &Options { status: Some(source), ..options() }).expect("a seal")
    };
    let good = with(&Says("999.01", Status::Good, Some(entry_of(&house))));
    assert_eq!((good.verdict, good.exit_code(false)), (SealVerdict::Sealed, 0));
    assert!(!good.summary.en.contains("registry not consulted"), "{}", good.summary.en);
    assert!(good.summary.en.contains("a print is not the certified copy"), "{}", good.summary.en);
    let revoked = with(&Says("999.01", Status::Revoked, Some(entry_of(&house))));
    assert_eq!((revoked.verdict, revoked.exit_code(true)), (SealVerdict::Invalid, 1));
    assert!(revoked.summary.en.contains("revoked"), "{}", revoked.summary.en);
    let silent = with(&Says("999.02", Status::Revoked, None));
    assert_eq!((silent.verdict, silent.exit_code(false)), (SealVerdict::Sealed, 3));
}

#[test]
fn the_status_of_another_copys_entry_is_not_the_seals() {
    let house = House::new("999.01", 1);
    let (list, text) = (trust(&[&house]), text(&house, &sealed(&house)));
    let with = |source: &dyn StatusSource| {
        verify_seal(&text, &list, &Options { status: Some(source), ..options() }).expect("a seal")
    };
    let evidence = |report: &SealReport, id| report.fact(id).expect("it is there").evidence.clone();
    // The registry has another copy there, which is in force, or has ended.
    let other = house.parts(2, vec![image(2, 600)]).entry;
    for status in [Status::Good, Status::Revoked] {
        let report = with(&Says("999.01", status, Some(other.clone())));
        assert_eq!((report.verdict, report.exit_code(true)), (SealVerdict::Invalid, 1));
        assert_eq!((state(&report, FactId::Entry), report.status), (State::Failed, None));
        assert_eq!(state(&report, FactId::Status), State::NotChecked);
        let told = evidence(&report, FactId::Entry);
        assert!(told.en.contains("entry 3 of the office's registry is not this seal's"), "{told:?}");
        assert!(!report.text(Language::English).contains("in force"), "{}", report.text(Language::English));
        for text in [&told, &report.summary, &report.advice, &evidence(&report, FactId::Status)] {
            in_vietnamese(&text.vi);
        }
    }
    // Its own registry ends before it: it was asked, and nothing makes up for it.
    let report = with(&Short);
    assert_eq!((report.verdict, report.exit_code(true)), (SealVerdict::Indeterminate, 1));
    let told = evidence(&report, FactId::Status);
    assert!(told.en.contains("registry was consulted: it has 3 entries, and not this one"), "{told:?}");
    assert!(report.summary.en.contains("no entry where the seal says"), "{}", report.summary.en);
    for text in [&told, &report.summary, &report.advice] {
        in_vietnamese(&text.vi);
    }
    // A list knows the number alone: in force is the entry, not what the seal says.
    let listed = with(&Says("999.01", Status::Good, None));
    assert_eq!((listed.verdict, listed.status), (SealVerdict::Sealed, None));
    assert_eq!((listed.exit_code(false), listed.exit_code(true)), (3, 0));
    assert_eq!(state(&listed, FactId::Status), State::NotChecked);
    let told = evidence(&listed, FactId::Status);
    assert!(told.en.contains("entry 3 is in force") && told.en.contains("was not looked up"), "{told:?}");
    assert!(!listed.summary.en.contains("the copy is in force."), "{}", listed.summary.en);
    for text in [&told, &listed.summary] {
        in_vietnamese(&text.vi);
    }
    // What ended is no good, whosesoever it is.
    let ended = with(&Says("999.01", Status::Revoked, None));
    assert_eq!((ended.verdict, ended.status), (SealVerdict::Invalid, Some(Status::Revoked)));
    // The log then says whose entry it is.
    let published = |entry: Entry| Published { entry, size: 5 };
    let found = listed.clone().with_entry(Ok(&published(entry_of(&house))));
    assert_eq!(
        (found.verdict, found.status, found.exit_code(false)),
        (SealVerdict::Sealed, Some(Status::Good), 0)
    );
    assert_eq!(state(&found, FactId::Status), State::Passed);
    assert!(found.summary.en.contains("the copy is in force."), "{}", found.summary.en);
    let found = listed.clone().with_entry(Ok(&published(other)));
    assert_eq!((found.verdict, found.status, found.exit_code(true)), (SealVerdict::Invalid, None, 1));
    assert_eq!(listed.with_entry(Err("tile/0/000 is missing")).exit_code(false), 3);
}

/// What `saoy verify` says of a seal: its exit code and its report.
fn saoy(against: &[&str], seal: &str) -> (i32, serde_json::Value) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_saoy"))
        .arg("verify")
        .args(against)
        .args(["--json", "--seal", seal])
        .env_remove("SAOY_HOME")
        .output()
        .expect("saoy runs");
    let said = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().expect("it was not killed"), said)
}

#[test]
fn a_seal_made_with_a_stolen_key_takes_no_other_copys_status() {
    let desk = Desk::new();
    desk.one("scan.png", 1);
    let office = desk.writer();
    let list = office.publish_status(time::OffsetDateTime::now_utc() + Duration::days(1)).expect("a list");
    assert_eq!(list.size, 1);
    let (_, list) = office.store.log().status_list().expect("it is read").expect("it was kept");
    let place = desk.folder.path().join("status");
    std::fs::write(&place, list).expect("it can be written");
    let forged = |index| {
        let key = office.keys.seal_key();
        let seal = Seal {
            office_code: "999.01".into(),
            key_id: seal::key_id(&key.verifying_key()),
            index,
            record: Digest([0x11; 32]),
            act: record::Act::Certification,
            trial: false,
            number: "999/2026".into(),
            date: record::vietnam_day(desk.now),
            pages: 1,
            values: [("full_name".to_owned(), "NGƯỜI KHÁC".to_owned())].into(),
            omitted: Vec::new(),
        };
        seal::qr_text(&seal::sign(&seal, key).expect("a seal"), None).expect("it fits")
    };
    let (home, trust) = (desk.home.to_string_lossy(), desk.home.join("trust.json"));
    let (trust, place) = (trust.to_string_lossy(), place.to_string_lossy());
    let (code, said) = saoy(&["--home", &home], &forged(0));
    assert_eq!((code, &said["verdict"], &said["status"]), (1, &"invalid".into(), &serde_json::Value::Null));
    let (code, said) = saoy(&["--home", &home, "--allow-status-unknown"], &forged(12345));
    assert_eq!((code, &said["verdict"]), (1, &"indeterminate".into()));
    assert!(said.to_string().contains("registry was consulted"), "{said}");
    let with_list = ["--trust", &*trust, "--status", &*place];
    let (code, said) = saoy(&with_list, &forged(0));
    assert_eq!((code, &said["verdict"], &said["status"]), (3, &"sealed".into(), &serde_json::Value::Null));
    assert!(said.to_string().contains("was not looked up"), "{said}");
    assert_eq!(saoy(&[&with_list[..], &["--allow-status-unknown"]].concat(), &forged(0)).0, 0);
}

#[test]
fn the_public_log_decides_where_its_entry_was_found() {
    let house = House::new("999.01", 1);
    let parts = house.parts(1, vec![image(1, 600)]);
    let list = trust(&[&house]);
    let report = check(&text(&house, &parts.seal), &list);
    let mut entry = parts.entry.clone();
    entry.kind = EntryKind::Issue { commitment: record::commitment_of(&parts.seal.record) };
    let found = |entry: &Entry| Published { entry: entry.clone(), size: 5 };

    let told = report.clone().with_entry(Ok(&found(&entry)));
    assert_eq!((told.verdict, state(&told, FactId::Entry)), (SealVerdict::Sealed, State::Passed));
    let silent = report.clone().with_entry(Err("tile/0/000 is missing"));
    assert_eq!((silent.verdict, state(&silent, FactId::Entry)), (SealVerdict::Sealed, State::NotChecked));

    let other = EntryKind::Issue { commitment: Digest([3; 32]) };
    let changed: [fn(&mut Entry, EntryKind); 4] = [
        |entry, other| entry.kind = other,
        |entry, _| entry.day += 1,
        |entry, _| entry.key_id[0] ^= 1,
        |entry, _| entry.index += 1,
    ];
    for change in changed {
        let mut entry = entry.clone();
        change(&mut entry, other.clone());
        let told = report.clone().with_entry(Ok(&found(&entry)));
        assert_eq!((told.verdict, told.exit_code(true)), (SealVerdict::Invalid, 1));
        assert_eq!(state(&told, FactId::Entry), State::Failed);
        assert!(told.summary.en.contains("public log"), "{}", told.summary.en);
    }
}

/// A paper on which these were read.
fn paper(values: &[(&str, &str, Option<&str>, Comparison)]) -> Paper {
    let values = values.iter().map(|(field, sealed, read, result)| PaperValue {
        field: (*field).to_owned(),
        title: None,
        sealed: (*sealed).to_owned(),
        read: read.map(str::to_owned),
        result: *result,
        doubtful: false,
    });
    Paper { form: None, other_form: false, pages: 1, words: 40, values: values.collect() }
}

#[test]
fn what_was_read_on_the_paper_never_makes_more_of_a_seal() {
    let (house, other) = (House::new("999.01", 1), House::new("999.02", 2));
    let (name, born) = (("full_name", "NGUYỄN VĂN VÍ DỤ"), ("birth_date", "2001-02-03"));
    let good = paper(&[
        (name.0, name.1, Some(name.1), Comparison::Agrees),
        (born.0, born.1, Some(born.1), Comparison::Agrees),
    ]);
    let bad = paper(&[
        (name.0, name.1, Some("TRẦN VĂN KHÁC"), Comparison::Differs),
        (born.0, born.1, None, Comparison::NotFound),
    ]);
    let report = check(&text(&house, &sealed(&house)), &trust(&[&house]));
    let told = report.clone().with_paper(good.clone());
    assert_eq!((told.verdict, state(&told, FactId::PaperValues)), (SealVerdict::Sealed, State::Passed));
    assert_eq!((state(&told, FactId::Paper), told.exit_code(false)), (State::NotChecked, 3));
    assert!(told.summary.en.contains("2 of 2 values agree"), "{}", told.summary.en);

    let told = report.with_paper(bad.clone());
    assert_eq!((told.verdict, state(&told, FactId::PaperValues)), (SealVerdict::Differs, State::Warning));
    assert_eq!(told.exit_code(true), 1);
    for language in [Language::Vietnamese, Language::English] {
        let people = told.text(language);
        for says in ["TRẦN VĂN KHÁC", "NGUYỄN VĂN VÍ DỤ", "2001-02-03"] {
            assert!(people.contains(says), "{people}");
        }
    }
    // Nothing is compared with values that nobody vouches for, and agreement mends nothing.
    let unknown = check(&text(&house, &sealed(&house)), &trust(&[&other])).with_paper(good.clone());
    assert_eq!((unknown.verdict, unknown.paper), (SealVerdict::UnknownIssuer, None));
    let list = TrustList::new(7, NOW, vec![house.trusted()]).expect("a trust list");
    let expired = check(&text(&house, &sealed(&house)), &list);
    assert_eq!(expired.clone().with_paper(good).verdict, SealVerdict::Indeterminate);
    assert_eq!(expired.with_paper(bad.clone()).verdict, SealVerdict::Differs);
    let options =
        Options { status: Some(&Says("999.01", Status::Revoked, Some(entry_of(&house)))), ..options() };
    let revoked = verify_seal(&text(&house, &sealed(&house)), &trust(&[&house]), &options).expect("a seal");
    let revoked = revoked.with_paper(bad);
    assert_eq!(revoked.verdict, SealVerdict::Invalid);
    assert!(revoked.summary.en.contains("revoked"), "{}", revoked.summary.en);
}

#[test]
fn a_paper_on_which_hardly_anything_of_the_seal_stands_is_no_more_sealed() {
    let house = House::new("999.01", 1);
    let report = check(&text(&house, &sealed(&house)), &trust(&[&house]));
    let found = |agree: usize, words: u32| {
        let names = ["a", "b", "c", "d"];
        let values: Vec<_> = (0..4)
            .map(|at| match at < agree {
                true => (names[at], "x", Some("x"), Comparison::Agrees),
                false => (names[at], "x", None, Comparison::NotFound),
            })
            .collect();
        report.clone().with_paper(Paper { words, ..paper(&values) })
    };
    for agree in [0, 1] {
        let told = found(agree, 40);
        assert_eq!((told.verdict, told.exit_code(true)), (SealVerdict::Differs, 1));
        assert_eq!(state(&told, FactId::PaperValues), State::Warning);
        assert!(told.summary.en.contains("DOES NOT SHOW WHAT IS SEALED"), "{}", told.summary.en);
        assert!(told.summary.en.contains(&format!("{agree} of 4 were found")), "{}", told.summary.en);
        for text in [&told.summary, &told.advice] {
            in_vietnamese(&text.vi);
        }
    }
    // Half of them, or a picture without a word on it: the code alone.
    for told in [found(2, 40), found(0, 0)] {
        assert_eq!((told.verdict, told.exit_code(false)), (SealVerdict::Sealed, 3));
        assert_eq!(state(&told, FactId::PaperValues), State::NotChecked);
    }
}

#[test]
fn what_is_meant_as_a_code_is_not_taken_for_a_files_name() {
    let desk = Desk::new();
    let home = desk.home.to_string_lossy();
    for given in [
        "",
        " ",
        "sc1:ABCD",
        "SC1:abcd",
        "http://xacminh.example.vn/#ABCD",
        "HTTPS://xacminh.example.vn/#ABCD",
    ] {
        let (code, said) = saoy(&["--home", &home], given);
        assert_eq!((code, &said["error"]["code"]), (2, &"bad-seal".into()), "{given}: {said}");
        assert!(said["error"]["advice"].as_str().is_some_and(|advice| advice.contains("SC1:")), "{said}");
    }
    let (code, said) = saoy(&["--home", &home], "no such file");
    assert_eq!(code, 2);
    assert_eq!(said["error"]["code"], "no-seal");
}

#[test]
fn other_texts_hold_no_seal() {
    let list = trust(&[&House::new("999.01", 1)]);
    for text in
        ["", "SC1:", "SC1:AAAA", "https://example.vn/", "079099000001|012345678|A|01012000|Nam|B|01012021"]
    {
        assert!(verify_seal(text, &list, &options()).is_err(), "{text}");
    }
}
