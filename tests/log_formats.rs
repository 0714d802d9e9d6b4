//! C2SP's formats of a log from outside: tiles, cosignatures, a witness's messages, policies. Known values, an independent tree,
//! and one input a refusal.

use std::collections::HashMap;

use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use saoy::record::Digest;
use saoy::registry::cosignature::{CosignatureVerifier, Cosigner};
use saoy::registry::entry::NO_PREDECESSOR;
use saoy::registry::merkle::{self, CompactRange};
use saoy::registry::note::{Note, NoteSigner, NoteVerifier};
use saoy::registry::policy::Policy;
use saoy::registry::proof::Proof;
use saoy::registry::status::{StatusList, StatusRow, list_hash};
use saoy::registry::tiles::{self, Content, Edge, Tile};
use saoy::registry::witness::{self, AddCheckpoint, Refusal};
use saoy::registry::{Checkpoint, Entry, EntryKind, RegistryError, RevokeCause};
use sha2::Sha256;

type Oracle = ct_merkle::mem_backed_tree::MemoryBackedTree<Sha256, Vec<u8>>;

fn entry(index: u64) -> Vec<u8> {
    index.to_be_bytes().repeat(usize::try_from(index % 7).expect("small"))
}

/// The tiles of a log as a server has them.
#[derive(Default)]
struct Log {
    edge: Edge,
    range: CompactRange,
    full: HashMap<(u8, u64), Vec<Digest>>,
}

impl Log {
    fn of(size: u64) -> Self {
        let mut log = Self::default();
        for index in 0..size {
            let leaf = merkle::leaf_hash(&entry(index));
            log.range.push(leaf);
            let full = &mut log.full;
            log.edge.push_with(leaf, |level, index, hashes| {
                assert_eq!(hashes.len(), 256);
                assert!(full.insert((level, index), hashes.to_vec()).is_none(), "a tile fills once");
            });
        }
        log
    }

    /// As [`tiles::node`] asks for it; also a tile of an older size, which is a prefix.
    fn read(&self, tile: Tile) -> Result<Vec<Digest>, RegistryError> {
        let Content::Hashes(level) = tile.content else { panic!("{tile:?}") };
        let full = self.full.get(&(level, tile.index));
        let hashes = full.map_or_else(|| self.edge.partial(level), Vec::as_slice);
        Ok(hashes[..usize::from(tile.width)].to_vec())
    }
}

#[test]
fn paths_of_the_specification() {
    let path = |content, index, width| Tile { content, index, width }.to_string();
    assert_eq!(path(Content::Hashes(0), 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(path(Content::Hashes(63), 0, 1), "tile/63/000.p/1");
    assert_eq!(path(Content::Entries, 999, 255), "tile/entries/999.p/255");
    assert_eq!(path(Content::Entries, 1000, 256), "tile/entries/x001/000");
    assert_eq!(path(Content::Hashes(1), u64::MAX, 256), "tile/1/x018/x446/x744/x073/x709/x551/615");
    for bad in [
        "tile/0/1234067",
        "tile/0/x1/067",
        "tile/0/x000/067",
        "tile/0/067/",
        "/tile/0/067",
        "tile/0/67",
        "tile/00/067",
        "tile/64/067",
        "tile/-1/067",
        "tile/0/067.p/0",
        "tile/0/067.p/256",
        "tile/0/067.p/01",
        "tile/0/067.p/",
        "tile/0/067.p",
        "tile/data/067",
        "tile/0/0x67",
        "tile/0/x067",
        "tile/0/067/x001",
        "checkpoint",
        "tile/0/../067",
        "tile/0/ 67",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(bad.parse::<Tile>(), Err(RegistryError::Tile("not a tile's path")), "{bad}");
    }
}

/// "A tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0 tile of width 112, one full level
/// 1 tile, one partial level 1 tile of width 17, and one partial level 2 tile of width 1."
#[test]
fn tiles_of_the_specification() {
    let of = |size, content| Tile::all(size).filter(|t| t.content == content).collect::<Vec<_>>();
    for content in [Content::Hashes(0), Content::Entries] {
        let tiles = of(70_000, content);
        assert_eq!(tiles.len(), 274);
        assert!(tiles[..273].iter().all(Tile::is_full));
        assert_eq!((tiles[273].index, tiles[273].width), (273, 112));
    }
    let level = |size, l| of(size, Content::Hashes(l)).iter().map(|t| t.width).collect::<Vec<_>>();
    assert_eq!(level(70_000, 1), [256, 17]);
    assert_eq!(level(70_000, 2), [1]);
    assert_eq!(level(70_000, 3), [0; 0]);
    assert_eq!((level(256, 0), level(256, 1), level(256, 2)), (vec![256], vec![1], vec![]));
    assert_eq!(Tile::all(0).count(), 0);
    // From one size to the next only what was not full.
    let since: Vec<String> = Tile::since(70_000, 70_145).map(|t| t.to_string()).collect();
    assert_eq!(
        since,
        [
            "tile/entries/273",
            "tile/entries/274.p/1",
            "tile/0/273",
            "tile/0/274.p/1",
            "tile/1/001.p/18",
            "tile/2/000.p/1"
        ]
    );
}

#[test]
fn trees_out_of_tiles_agree_with_ct_merkle() {
    let size = 256 * 256 + 700;
    let log = Log::of(size);
    let mut oracle = Oracle::new();
    (0..size).for_each(|index| oracle.push(entry(index)));
    let root = log.edge.root();
    assert_eq!(root.0.as_slice(), oracle.root().as_bytes().as_slice());
    assert_eq!(root, log.range.root());
    assert_eq!(log.full.len(), 258 + 1);
    for index in [0, 1, 255, 256, 65_535, 65_536, 65_791, 65_792, size - 1] {
        let proof = tiles::inclusion_proof(index, size, |t| log.read(t)).expect("a leaf");
        let theirs = oracle.prove_inclusion(usize::try_from(index).expect("small"));
        assert_eq!(proof.iter().flat_map(|h| h.0).collect::<Vec<_>>(), theirs.as_bytes(), "{index}");
        merkle::verify_inclusion(&merkle::leaf_hash(&entry(index)), index, size, &proof, &root)
            .expect("included");
    }
    for older in [1, 2, 255, 256, 257, 65_535, 65_536, 65_537, 66_000, size - 1] {
        let proof = tiles::consistency_proof(older, size, |t| log.read(t)).expect("in order");
        let theirs = oracle.prove_consistency(usize::try_from(size - older).expect("small"));
        assert_eq!(proof.iter().flat_map(|h| h.0).collect::<Vec<_>>(), theirs.as_bytes(), "{older}");
    }
    // What is kept of it goes on from the partial tiles alone.
    let mut again = Edge::load(size, |tile| log.read(tile)).expect("the edge");
    assert_eq!(again, log.edge);
    let mut further = log.edge.clone();
    let leaf = merkle::leaf_hash(b"more");
    again.push_with(leaf, |_, _, _| {});
    further.push_with(leaf, |_, _, _| {});
    assert_eq!(again.root(), further.root());
    let cut = Edge::load(size, |tile| {
        log.read(tile).map(|mut hashes| {
            hashes.pop();
            hashes
        })
    });
    assert_eq!(cut, Err(RegistryError::Edge { size, found: 187 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn roots_and_proofs_of_any_size(size in 1_u64..1500, at in any::<u64>(), older in any::<u64>()) {
        let log = Log::of(size);
        let root = log.range.root();
        prop_assert_eq!(log.edge.root(), root);
        let (index, older) = (at % size, 1 + older % size);
        let proof = tiles::inclusion_proof(index, size, |t| log.read(t)).expect("a leaf");
        prop_assert_eq!(merkle::verify_inclusion(&merkle::leaf_hash(&entry(index)), index, size, &proof, &root), Ok(()));
        // Tiles of an older size are prefixes: proofs for it come from the same ones.
        let old = Log::of(older);
        let proof = tiles::inclusion_proof(index % older, older, |t| log.read(t)).expect("a leaf");
        let leaf = merkle::leaf_hash(&entry(index % older));
        prop_assert_eq!(merkle::verify_inclusion(&leaf, index % older, older, &proof, &old.range.root()), Ok(()));
        let proof = tiles::consistency_proof(older, size, |t| log.read(t)).expect("in order");
        prop_assert_eq!(merkle::verify_consistency(older, &old.range.root(), size, &root, &proof), Ok(()));
        // `since` is `all` without what was full before.
        let full: std::collections::HashSet<Tile> = Tile::all(older).filter(Tile::is_full).collect();
        let expected: Vec<Tile> = Tile::all(size).filter(|t| !full.contains(t)).collect();
        prop_assert_eq!(Tile::since(older, size).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn paths_and_contents_read_back(
        level in 0_u8..64, entries in any::<bool>(), index in any::<u64>(), shift in 0_u32..64, width in 1_u16..=256,
        bundle in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..20),
    ) {
        let content = if entries { Content::Entries } else { Content::Hashes(level) };
        let tile = Tile { content, index: index >> shift, width };
        prop_assert_eq!(tile.to_string().parse::<Tile>(), Ok(tile));
        let hashes: Vec<Digest> = (0..width).map(|i| Digest::of(&i.to_be_bytes())).collect();
        prop_assert_eq!(tiles::hashes_from_bytes(&tiles::hashes_to_bytes(&hashes), width), Ok(hashes));
        let bytes = tiles::bundle_to_bytes(&bundle).expect("short entries");
        let width = bundle.len() as u16;
        let read = tiles::bundle_from_bytes(&bytes, width).expect("a bundle");
        prop_assert_eq!(&read, &bundle.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert!(tiles::bundle_from_bytes(&bytes, width + 1).is_err());
        for cut in 0..bytes.len() {
            prop_assert!(tiles::bundle_from_bytes(&bytes[..cut], width).is_err());
        }
    }

    #[test]
    fn no_bytes_make_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), width in 0_u16..300) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = text.parse::<Tile>();
        let _ = format!("tile/{text}").parse::<Tile>();
        let _ = tiles::hashes_from_bytes(&bytes, width);
        let _ = tiles::bundle_from_bytes(&bytes, width);
        let _ = text.parse::<CosignatureVerifier>();
        let _ = AddCheckpoint::parse(&bytes);
        let _ = witness::answer_from_text(&text);
        let _ = witness::size_from_text(&text);
        let _ = Policy::parse(&bytes);
        let _ = Policy::parse(format!("group a 1 {text}\nquorum a\n").as_bytes());
    }
}

#[test]
fn tiles_refuse() {
    let refused = |result: Result<Vec<Digest>, RegistryError>| match result {
        Err(RegistryError::Tile(problem)) => problem,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(tiles::hashes_from_bytes(&[0; 33], 1)), "not as many hashes as its path says");
    assert_eq!(refused(tiles::hashes_from_bytes(&[0; 64], 1)), "not as many hashes as its path says");
    let bundle = |bytes: &[u8], width| tiles::bundle_from_bytes(bytes, width).expect_err("refused");
    assert_eq!(bundle(&[0, 1], 1), RegistryError::Tile("an entry is cut off"));
    assert_eq!(bundle(&[0], 1), RegistryError::Tile("an entry is cut off"));
    assert_eq!(bundle(&[0, 0], 2), RegistryError::Tile("not as many entries as its path says"));
    assert!(tiles::bundle_to_bytes(&[vec![0; 65_536]]).is_err());
    assert!(tiles::bundle_to_bytes(&[vec![0; 65_535]]).is_ok());
    let log = Log::of(300);
    for (level, index) in [(0, 300), (8, 1), (9, 0), (2, 75), (40, 0)] {
        let error = RegistryError::Index { index, size: 300 };
        assert_eq!(tiles::node(level, index, 300, &mut |t| log.read(t)), Err(error), "{level} {index}");
    }
}

// Made with Python's cryptography from the specification alone: the Ed25519 key of the seed 07 07 …, over the checkpoint of the
// specification's example at its time.
const WITNESS: &str = "witness.example.com/w1+8122a5ab+BOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";
const COSIGNED: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    \u{2014} witness.example.com/w1 gSKlqwAAAABkGFDLWr4Jea05CAgwNVtwky0Jgz6WfX0QJgM//FkB/W9BoT9TX0DkTxG+2cT4p/ViKNhUM/SnUwFcYQzugGFQ15LwDw==\n";

fn witness(name: &str, seed: u8) -> Cosigner {
    Cosigner::new(name, SigningKey::from_bytes(&[seed; 32])).expect("a name")
}

fn signer(name: &str, seed: u8) -> NoteSigner {
    NoteSigner::new(name, SigningKey::from_bytes(&[seed; 32])).expect("a name")
}

#[test]
fn a_cosignature_of_another_program() {
    let note = Note::parse(COSIGNED.as_bytes()).expect("a note");
    let key: CosignatureVerifier = WITNESS.parse().expect("a vkey");
    assert_eq!(key.to_string(), WITNESS);
    assert_eq!(key.verify(&note), Ok(Some(1_679_315_147)));
    let own = witness("witness.example.com/w1", 7);
    assert_eq!(own.verifier(), &key);
    assert_eq!(own.cosign(note.text(), 1_679_315_147), note.signatures()[0]);
    // Another text, another time: broken. Another key or name: not there.
    for bit in 0..76 * 8 {
        let mut line = note.signatures()[0].clone();
        let mut blob = [&line.id[..], &line.signature].concat();
        blob[bit / 8] ^= 1 << (bit % 8);
        line.id = *blob.first_chunk().expect("four");
        line.signature = blob[4..].to_vec();
        let changed = Note::parse(format!("{}\n{line}\n", note.text()).as_bytes()).expect("a note");
        let expected =
            if bit < 32 { Ok(None) } else { Err(RegistryError::Signature { name: key.name().into() }) };
        assert_eq!(key.verify(&changed), expected, "bit {bit}");
    }
    let other = Note::parse(COSIGNED.replacen("20852163", "20852164", 1).as_bytes()).expect("a note");
    assert!(key.verify(&other).is_err());
    assert_eq!(witness("witness.example.com/w2", 7).verifier().verify(&note), Ok(None));
    // Beyond 2^63 - 1 there is no time.
    let late = Note::parse(COSIGNED.as_bytes())
        .expect("a note")
        .with(own.cosign(note.text(), 1 << 63))
        .expect("room");
    assert!(key.verify(&late).is_err());
    // The latest of several counts.
    let twice = note.clone().with(own.cosign(note.text(), 1_700_000_000)).expect("room");
    assert_eq!(key.verify(&twice), Ok(Some(1_700_000_000)));

    for (vkey, problem) in [
        (WITNESS.replacen("8122a5ab", "8122a5ac", 1), "the id does not belong to name and key"),
        (WITNESS.replacen("+BOpK", "+AepK", 1), "not of type Ed25519 cosignature"),
        (WITNESS[..40].to_owned(), "the key is not 32 bytes"),
        (WITNESS[..39].to_owned(), "the key is not base64"),
        ("w".to_owned(), "not name+id+key"),
    ] {
        assert_eq!(vkey.parse::<CosignatureVerifier>(), Err(RegistryError::Key(problem)), "{vkey}");
    }
    // A log's key and a witness's are different things even with the same name and bytes.
    assert!(WITNESS.parse::<NoteVerifier>().is_err());
    assert_ne!(signer("witness.example.com/w1", 7).verifier().id(), key.id());
}

fn request(log: &Log, key: &NoteSigner, old: u64, size: u64) -> AddCheckpoint {
    let root = Log::of(size).edge.root();
    let proof = match old {
        0 => Vec::new(),
        old => tiles::consistency_proof(old.min(size), size, |t| log.read(t)).expect("in order"),
    };
    let checkpoint = Checkpoint::new("example.com/log", size, root).sign(key).expect("signed");
    AddCheckpoint { old, proof, checkpoint }
}

#[test]
fn a_witness_judges_as_the_specification_says() {
    let (log, key) = (Log::of(600), signer("example.com/log", 1));
    let keys = [key.verifier().clone()];
    let root = |size| Log::of(size).edge.root();
    let judge = |request: &AddCheckpoint, last| {
        // What is sent is what is judged.
        let sent = AddCheckpoint::parse(request.to_string().as_bytes()).expect("a request");
        assert_eq!(&sent, request);
        assert_eq!(witness::origin_of(&sent), Ok("example.com/log".into()));
        witness::judge(&sent, "example.com/log", &keys, last)
    };
    let status = |result: Result<Checkpoint, Refusal>| result.expect_err("refused").status();
    let good = request(&log, &key, 0, 300);
    assert_eq!(judge(&good, None).map(|c| c.size), Ok(300));
    let next = request(&log, &key, 300, 600);
    assert_eq!(judge(&next, Some((300, root(300)))).map(|c| c.root), Ok(root(600)));
    // The same again is cosigned again.
    assert_eq!(judge(&request(&log, &key, 600, 600), Some((600, root(600)))).map(|c| c.size), Ok(600));
    assert_eq!(judge(&good, Some((299, root(299)))), Err(Refusal::Conflict(299)));
    assert_eq!(judge(&next, None), Err(Refusal::Conflict(0)));
    assert_eq!(status(judge(&request(&log, &key, 301, 300), Some((301, root(301))))), 400);
    assert_eq!(status(judge(&request(&log, &signer("example.com/log", 2), 0, 300), None)), 403);
    let mut cut = next.clone();
    cut.proof.pop();
    assert_eq!(status(judge(&cut, Some((300, root(300))))), 422);
    assert_eq!(status(judge(&next, Some((300, root(299))))), 422);
    assert_eq!(status(judge(&request(&log, &key, 600, 600), Some((600, root(599))))), 422);
    let mut more = good.clone();
    more.proof.push(root(1));
    assert_eq!(status(judge(&more, None)), 422);
    let other = witness::judge(&good, "example.com/other", &keys, None);
    assert_eq!(other, Err(Refusal::UnknownLog));
    let none =
        AddCheckpoint { checkpoint: Note::parse(COSIGNED.as_bytes()).expect("a note"), ..good.clone() };
    assert_eq!(status(witness::judge(&none, "example.com/behind-the-sofa", &keys, None)), 403);

    let text = next.to_string();
    let refused = |text: &str| AddCheckpoint::parse(text.as_bytes()).expect_err("refused");
    assert_eq!(refused(&text.replacen("old 300", "old 0300", 1)), RegistryError::Witness("no old size"));
    assert_eq!(refused(&text.replacen("old 300\n", "", 1)), RegistryError::Witness("no old size"));
    assert_eq!(
        refused(&text.replacen("old 300\n", "old 300\nAAAA\n", 1)),
        RegistryError::Witness("a proof line that is no hash")
    );
    assert_eq!(refused("old 0\n"), RegistryError::Witness("no blank line"));
    let hash = text.lines().nth(1).expect("a proof line");
    assert_eq!(
        refused(&text.replacen(hash, &[hash; 64].join("\n"), 1)),
        RegistryError::Witness("more than 63 hashes")
    );
    assert!(AddCheckpoint::parse(&vec![b'a'; (64 << 10) + 1]).is_err());
    assert!(AddCheckpoint::parse(b"\xff\n\n").is_err());

    let own = witness("w.example", 9);
    let lines = vec![own.cosign(good.checkpoint.text(), 5), witness("v.example", 8).cosign("x\n", 5)];
    let answer = witness::answer_to_text(&lines);
    assert_eq!(witness::answer_from_text(&answer), Ok(lines));
    assert!(witness::answer_from_text(answer.trim_end()).is_err());
    assert!(witness::answer_from_text("").is_err());
    assert_eq!(witness::size_from_text("12\n"), Ok(12));
    for bad in ["12", "012\n", "\n", "-1\n"] {
        assert_eq!(witness::size_from_text(bad), Err(RegistryError::Witness("not a size")), "{bad:?}");
    }
    assert_eq!(
        witness::monitor_path("example.com/behind-the-sofa"),
        "5fd2dc0beb4ce54da5050cf6d5c75248b023abad441c3cecde3976fbe9da4fe4/checkpoint"
    );
}

fn policy(lines: &str) -> Result<Policy, RegistryError> {
    let mut text =
        format!("# who watches\nlog {} https://log.example/x\n\n", signer("example.com/log", 1).verifier());
    for (name, seed) in [("X1", 11), ("X2", 12), ("X3", 13), ("Y1", 21), ("Y2", 22), ("Y3", 23)] {
        let url = if name == "X1" { "\thttp://127.0.0.1:1/" } else { "" };
        text.push_str(&format!(
            " witness {name}\t{}{url}\n",
            witness(&format!("{name}.example"), seed).verifier()
        ));
    }
    text.push_str(lines);
    Policy::parse(text.as_bytes())
}

#[test]
fn the_policy_of_the_specification() {
    let policy = policy(
        "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\n\
         group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n",
    )
    .expect("a policy");
    assert_eq!(policy.logs[0].url.as_deref(), Some("https://log.example/x"));
    assert_eq!(policy.witnesses.len(), 6);
    assert_eq!(policy.witnesses[0].url.as_deref(), Some("http://127.0.0.1:1/"));
    assert_eq!(
        (policy.witnesses[1].name.as_slice(), policy.witnesses[1].url.as_deref()),
        (b"X2".as_slice(), None)
    );
    let checkpoint = Checkpoint::new("example.com/log", 5, Digest::of(b"r"));
    let note = checkpoint.sign(&signer("example.com/log", 1)).expect("signed");
    let seeds = [11, 12, 13, 21, 22, 23];
    for set in 0_u32..64 {
        let mut cosigned = note.clone();
        for (i, (seed, name)) in seeds.iter().zip(["X1", "X2", "X3", "Y1", "Y2", "Y3"]).enumerate() {
            let key = witness(&format!("{name}.example"), *seed);
            // The others cosigned something else.
            let text = if set >> i & 1 == 1 { note.text() } else { "other\n" };
            cosigned = cosigned.with(key.cosign(text, 100)).expect("room");
        }
        let (x, y) = ((set & 7).count_ones(), (set >> 3).count_ones());
        let witnessed = policy.witnessed(&cosigned);
        assert_eq!(witnessed.quorum, x >= 2 && y >= 1, "{set:06b}");
        assert_eq!(witnessed.by.len(), (x + y) as usize);
    }
}

#[test]
fn policies_refuse() {
    let log = signer("example.com/log", 1).verifier().to_string();
    let alone = Policy::parse(b"  \t\n#\tx\nquorum none\n").expect("the smallest");
    assert!(!alone.asks_for_witnesses() && alone.logs.is_empty() && alone.witnesses.is_empty());
    let note = Note::parse(COSIGNED.as_bytes()).expect("a note");
    assert!(alone.witnessed(&note).quorum);
    let single = Policy::parse(format!("witness none-such {WITNESS}\nquorum none-such\n").as_bytes())
        .expect("a policy");
    assert_eq!(single.witnessed(&note).by, [(0, 1_679_315_147)]);
    // Names are octets.
    let octets = [b"witness \xff\xfe ".as_slice(), WITNESS.as_bytes(), b"\nquorum \xff\xfe\n"].concat();
    assert!(Policy::parse(&octets).expect("a policy").witnessed(&note).quorum);
    // One that cannot be verified does not count.
    let unknown = format!("w+00000000+{}", data_encoding::BASE64.encode(&[&[6][..], &[0; 1312]].concat()));
    let unknown = Policy::parse(format!("witness w {unknown}\nquorum w\n").as_bytes()).expect("a policy");
    assert!(!unknown.witnessed(&note).quorum);
    assert!(Policy::parse(&vec![b'#'; (1 << 20) + 1]).is_err());

    for (lines, problem) in [
        ("", "no quorum"),
        ("quorum X1", "no newline at the end"),
        ("quorum X1\nquorum X1\n", "a second quorum"),
        ("quorum Z\n", "a name that no line before it defines"),
        ("quorum Q\ngroup Q any X1\n", "a name that no line before it defines"),
        ("quorum X1 X2\n", "too few or too many words"),
        ("quorum\n", "too few or too many words"),
        ("group G any\nquorum G\n", "a group without members"),
        ("group G 0 X1\nquorum G\n", "a threshold that is not all, any, or from 1 to the number of members"),
        ("group G 2 X1\nquorum G\n", "a threshold that is not all, any, or from 1 to the number of members"),
        ("group G 01 X1\nquorum G\n", "a threshold that is not all, any, or from 1 to the number of members"),
        ("group G any X1 X1\nquorum G\n", "a name is a member twice"),
        ("group G any X1\ngroup H any X1\nquorum G\n", "a name is a member twice"),
        ("group G any none\nquorum G\n", "a name that no line before it defines"),
        ("group none any X1\nquorum none\n", "the name none is taken"),
        ("group X1 any X2\nquorum X1\n", "a name is defined twice"),
        ("group G any G\nquorum G\n", "a name that no line before it defines"),
        ("wittness X\nquorum X1\n", "not log, witness, group or quorum"),
        ("witness Z\nquorum X1\n", "too few or too many words"),
        ("quorum\rX1\n", "a control character"),
        ("quorum\u{b}X1\n", "a control character"),
        ("quorum\u{a0}X1\n", "not log, witness, group or quorum"),
    ] {
        match policy(lines) {
            Err(RegistryError::Policy { problem: found, .. }) => assert_eq!(found, problem, "{lines:?}"),
            other => panic!("{lines:?}: {other:?}"),
        }
    }
    let two = |a: &str, b: &str| Policy::parse(format!("{a}\n{b}\nquorum none\n").as_bytes());
    let twice = two(&format!("log {log}"), &format!("log {}", signer("example.com/other", 1).verifier()));
    assert_eq!(twice, Err(RegistryError::Policy { line: 2, problem: "a log's key comes twice" }));
    let twice =
        two(&format!("witness a {WITNESS}"), &format!("witness b {}", witness("other", 7).verifier()));
    assert_eq!(twice, Err(RegistryError::Policy { line: 2, problem: "a witness's key comes twice" }));
    let kinds = two(&format!("log {WITNESS}"), "");
    assert_eq!(kinds, Err(RegistryError::Policy { line: 1, problem: "not a log's Ed25519 vkey" }));
    let kinds = two(&format!("witness a {log}"), "");
    assert_eq!(kinds, Err(RegistryError::Policy { line: 1, problem: "not a witness's vkey" }));
    // The same key may be a log's and a witness's.
    let both = format!("witness a {}", witness("w", 1).verifier());
    assert!(two(&format!("log {log}"), &both).is_ok());
}

/// Inputs that the readers take: what fuzzing starts from (`tests/fuzz/corpus`, replayed by `tests/parsers.rs`).
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let log = Log::of(600);
    let key = signer("example.com/log", 1);
    let request = request(&log, &key, 300, 600);
    let own = witness("witness.example.com/w1", 7);
    let cosigned = request.checkpoint.clone().with(own.cosign(request.checkpoint.text(), 5)).expect("room");
    let mut entries: Vec<Entry> = Vec::new();
    let mut add = |kind: EntryKind| {
        let index = entries.len() as u64;
        let prev = entries.last().map_or(NO_PREDECESSOR, Entry::leaf_hash);
        entries.push(Entry { index, prev, day: 20_779, key_id: *b"key 0001", kind });
        entries.last().expect("just added").leaf_hash()
    };
    let one = add(EntryKind::Issue { commitment: Digest([9; 32]) });
    let two = add(EntryKind::Issue { commitment: Digest([8; 32]) });
    add(EntryKind::Supersede { target: 0, target_leaf: one, replacement: 1, replacement_leaf: two });
    add(EntryKind::Revoke { target: 0, target_leaf: one, cause: RevokeCause::Annulled });
    let row = StatusRow { index: 0, by: 3, day: 20_779, kind: 3, cause: 3, replacement: 0 };
    add(EntryKind::StatusList { hash: list_hash(4, [&row]) });
    let list = StatusList {
        origin: "example.com/log".into(),
        size: 4,
        root: Digest([1; 32]),
        made: 5,
        until: 6,
        rows: vec![row],
    };
    let proof = Proof {
        extra: None,
        index: 3,
        hashes: tiles::inclusion_proof(3, 600, |t| log.read(t)).expect("a leaf"),
        checkpoint: cosigned.clone(),
    };
    let receipt = Proof { extra: Some(entries[3].to_bytes()), ..proof.clone() };
    let whole: Vec<u8> =
        entries.iter().map(Entry::to_bytes).flat_map(|e| [vec![e.len() as u8], e].concat()).collect();
    let bundle = tiles::bundle_to_bytes(&[entry(1), entry(2)]).expect("short");
    let policy = format!("witness w {WITNESS} http://127.0.0.1/\ngroup g any w\nquorum g\n");
    let path = |text: &str| text.as_bytes().to_vec();
    vec![
        ("entry/seed-entry", entries[2].to_bytes()),
        ("entry/seed-log", whole),
        ("note/seed-note", cosigned.to_string().into_bytes()),
        ("note/seed-key", key.verifier().to_string().into_bytes()),
        ("proof/seed-proof", proof.to_string().into_bytes()),
        ("proof/seed-receipt", receipt.to_string().into_bytes()),
        ("cosignature/seed-key", WITNESS.as_bytes().to_vec()),
        ("cosignature/seed-line", cosigned.signatures()[1].to_string().into_bytes()),
        ("cosignature/seed-note", format!("{}\n{cosigned}", own.verifier()).into_bytes()),
        ("status/seed-list", list.text().into_bytes()),
        ("tiles/seed-path", path("tile/0/x001/x234/067.p/9")),
        ("tiles/seed-entries-path", path("tile/entries/067")),
        ("tiles/seed-bundle", [vec![1], bundle].concat()),
        ("tiles/seed-hashes", [vec![1], vec![7; 64]].concat()),
        ("witness/seed-request", request.to_string().into_bytes()),
        ("witness/seed-answer", format!("{}\n", cosigned.signatures()[1]).into_bytes()),
        ("witness/seed-size", b"4711\n".to_vec()),
        ("policy/seed-policy", policy.into_bytes()),
    ]
}

#[test]
fn the_seeds_of_the_corpus_are_what_is_written_today() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    for (name, seed) in seeds() {
        let path = corpus.join(name);
        if std::env::var_os("SAOY_WRITE_CORPUS").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, &seed).expect("written");
        }
        let kept = std::fs::read(path).ok();
        assert_eq!(kept, Some(seed), "{name}: run with SAOY_WRITE_CORPUS=1 where the format changed");
    }
}
