//! PDFs that others signed: never a copy, but what their signatures cover is told.

use std::fs;
use std::process::Command;

use saoy::record::Role;
use saoy::signature::{Hasher, Signer as _, cms};
use saoy::verify::{ForeignSignature, NotACopy, State, foreign_signatures};

use crate::signature_support::openssl;
use crate::verify_support::{House, in_vietnamese, options, trust};

/// A PDF as other programs write it, before it is signed.
struct Draft(Vec<u8>);

impl Draft {
    fn new() -> Self {
        Self(b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Kids [] /Count 0 >>\nendobj\n".to_vec())
    }

    /// Appends a signature by `sign`, which is given the bytes that it must cover.
    fn signed(mut self, sign: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        const GAP: usize = 8192;
        self.0.extend_from_slice(
            b"9 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached\n/ByteRange ",
        );
        let range = self.0.len();
        self.0.extend_from_slice(&[b' '; 60]);
        self.0.extend_from_slice(b"\n/Contents ");
        let gap = self.0.len();
        self.0.push(b'<');
        self.0.extend_from_slice(&vec![b'0'; 2 * GAP]);
        self.0.push(b'>');
        let after = self.0.len();
        self.0.extend_from_slice(b"\n>>\nendobj\ntrailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n");
        let text = format!("[0 {gap} {after} {}]", self.0.len() - after);
        self.0[range..range + text.len()].copy_from_slice(text.as_bytes());
        let covered = [&self.0[..gap], &self.0[after..]].concat();
        let signature = data_encoding::HEXLOWER.encode(&sign(&covered));
        self.0[gap + 1..gap + 1 + signature.len()].copy_from_slice(signature.as_bytes());
        self.0
    }
}

/// By a key of a house, in CMS as Saoy writes it.
fn by_house(house: &House) -> impl Fn(&[u8]) -> Vec<u8> {
    let signer = house.keys.signer(Role::Office).expect("the house has both");
    move |covered| {
        let mut hasher = Hasher::new(signer.algorithm().digest());
        hasher.update(covered);
        cms::sign(&hasher.finish(), signer).expect("a signature")
    }
}

/// By OpenSSL, with RSA, its own certificate and its own choice of attributes.
fn by_openssl(covered: &[u8], digest: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("covered"), covered).expect("written");
    let request = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=Nobody 999",
        "-keyout",
        "k",
        "-out",
        "c",
    ];
    openssl(folder.path(), &request).expect("a key");
    let sign = [
        "cms", "-sign", "-binary", "-in", "covered", "-md", digest, "-signer", "c", "-inkey", "k",
        "-outform", "DER", "-out", "s",
    ];
    openssl(folder.path(), &sign).expect("a signature");
    fs::read(folder.path().join("s")).expect("the signature")
}

#[track_caller]
fn only(file: &[u8]) -> ForeignSignature {
    let house = House::new("999.01", 1);
    let refused = saoy::verify::verify(file, &trust(&[&house]), &options()).expect_err("no copy");
    assert_eq!(refused, NotACopy::OtherPdf);
    let (failure, told) = refused.told(file);
    assert_eq!(failure.code, "not-a-copy");
    assert!(failure.message.contains("others signed"), "{}", failure.message);
    let [one] = told.as_slice() else { panic!("{} signatures", told.len()) };
    in_vietnamese(&one.fact.evidence.vi);
    one.clone()
}

#[test]
fn a_foreign_signature_is_told_and_never_passes() {
    let house = House::new("999.01", 1);
    let ours = Draft::new().signed(by_house(&house));
    let theirs = [
        Draft::new().signed(|covered| by_openssl(covered, "sha256")),
        Draft::new().signed(|covered| by_openssl(covered, "sha512")),
    ];
    for file in [&ours].into_iter().chain(&theirs) {
        let one = only(file);
        assert_eq!((one.fact.state, one.bytes_after, one.revisions_after), (State::Warning, 0, 0), "{one:?}");
        assert!(one.subject.is_some() && one.fact.evidence.en.contains("whole file"), "{one:?}");
        assert!(one.fact.evidence.en.contains("whose that is was not checked"), "{one:?}");

        // What is appended is not covered, and said so.
        let more = b"3 0 obj\n<< >>\nendobj\nstartxref\n0\n%%EOF\n";
        let longer = [&file[..], more].concat();
        let told = only(&longer);
        assert_eq!(told.fact.state, State::Warning);
        assert_eq!((told.bytes_after, told.revisions_after), (more.len() as u64, 1));
        assert!(told.fact.evidence.en.contains("does not cover"), "{told:?}");

        // A byte that is covered.
        let mut changed = file.clone();
        changed[20] ^= 1;
        let told = only(&changed);
        assert_eq!(told.fact.state, State::Failed);
        assert!(told.fact.evidence.en.contains("were changed"), "{told:?}");
        // The last byte of the signature's value.
        let mut changed = file.clone();
        let gap = usize::try_from(one.byte_range[1]).expect("small");
        let end = usize::try_from(one.byte_range[2]).expect("small");
        let digit =
            gap + changed[gap..end].iter().rposition(|byte| !matches!(byte, b'0' | b'>')).expect("digits");
        changed[digit] = if changed[digit] == b'1' { b'2' } else { b'1' };
        assert_eq!(only(&changed).fact.state, State::Failed);
    }
}

#[test]
fn what_cannot_be_judged_is_not() {
    let sha1 = Draft::new().signed(|covered| by_openssl(covered, "sha1"));
    let nothing = Draft::new().signed(|_| b"no signature at all".to_vec());
    for file in [&sha1, &nothing] {
        let told = only(file);
        assert_eq!((told.fact.state, told.subject), (State::NotChecked, None));
    }
    // A range that leaves out more, or runs out of the file.
    let good = Draft::new().signed(by_house(&House::new("999.01", 1)));
    let one = only(&good);
    let [_, first, second, rest] = one.byte_range;
    for wrong in [
        [0, first - 1, second, rest],
        [0, first, second + 1, rest - 1],
        [1, first, second, rest],
        [0, first, second, rest + 9],
    ] {
        let text = format!("[0 {first} {second} {rest}]");
        let at = good.windows(text.len()).position(|window| window == text.as_bytes()).expect("there");
        let [a, b, c, d] = wrong;
        let changed = format!("{:<60}", format!("[{a} {b} {c} {d}]"));
        let mut file = good.clone();
        file[at..at + 60].copy_from_slice(changed.as_bytes());
        assert_eq!(only(&file).fact.state, State::Failed, "{wrong:?}");
    }
    for text in
        ["/ByteRange", "/ByteRange [", "/ByteRange [0 1 2]", "/ByteRange [0 -1 2 3]", "/ByteRange [a b c d]"]
    {
        assert_eq!(foreign_signatures(text.as_bytes()), [], "{text}");
    }
    let wild =
        format!("%PDF-1.4 {}", "/ByteRange [0 1 18446744073709551615 18446744073709551615] ".repeat(100));
    assert_eq!(foreign_signatures(wild.as_bytes()).len(), 16);
}

#[test]
fn the_command_line_tells_them_and_ends_with_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let house = House::new("999.01", 1);
    let (file, list) = (folder.path().join("theirs.pdf"), folder.path().join("trust.json"));
    fs::write(&file, Draft::new().signed(|covered| by_openssl(covered, "sha256"))).expect("written");
    fs::write(&list, trust(&[&house]).to_json()).expect("written");
    let run = |extra: &[&str]| {
        let mut saoy = Command::new(env!("CARGO_BIN_EXE_saoy"));
        saoy.args(["verify", "--trust"]).arg(&list).args(extra).arg(&file).output().expect("saoy runs")
    };
    let plain = run(&["--lang", "en"]);
    let said = String::from_utf8_lossy(&plain.stdout).into_owned();
    assert_eq!(plain.status.code(), Some(2));
    assert!(
        said.contains("[warning] Signature in a file that is no copy") && said.contains("Nobody 999"),
        "{said}"
    );
    let json = run(&["--json"]);
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).expect("a line of JSON");
    assert_eq!(value["error"]["code"], "not-a-copy");
    assert_eq!(value["error"]["signatures"][0]["fact"]["state"], "warning");
}
