//! No forgery passes: the published families, flipped bits, changes of structure; each is told with a fact that names the reason.

use std::collections::BTreeMap;

use crate::attack;
use crate::verify_support;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use saoy::signature::Algorithm;
use saoy::verify::{FactId, NotACopy, Options, Report, TrustList, Verdict};

use attack::mutate;
use verify_support::{AllGood, House, image, in_vietnamese, options, trust};

fn verify(bytes: &[u8], list: &TrustList) -> Result<Report, NotACopy> {
    saoy::verify::verify(bytes, list, &Options { status: Some(&AllGood), ..options() })
}

/// Refused, with a reason; gives the facts that failed.
fn refused(bytes: &[u8], list: &TrustList, what: &str) -> Vec<FactId> {
    let report = match verify(bytes, list) {
        // Nothing of a copy is left in it.
        Err(_) => return Vec::new(),
        Ok(report) => report,
    };
    assert_eq!(report.verdict, Verdict::Invalid, "{what}");
    let failures: Vec<_> = report.failures().collect();
    assert!(!failures.is_empty(), "{what}: no fact names the reason");
    for fact in &failures {
        assert!(
            !fact.evidence.vi.is_empty() && !fact.evidence.en.is_empty(),
            "{what}: {:?} says nothing",
            fact.id
        );
    }
    for fact in &report.facts {
        in_vietnamese(&fact.evidence.vi);
    }
    failures.iter().map(|fact| fact.id).collect()
}

/// Two offices, a copy of each, and the list that trusts both.
fn copies(algorithm: Algorithm) -> (Vec<u8>, Vec<u8>, TrustList) {
    let (a, b) = (House::with("999.01", 1, algorithm), House::with("999.02", 2, algorithm));
    let list = trust(&[&a, &b]);
    let ours = a.issue(&a.parts(1, vec![image(1, 300), image(2, 300)]));
    let theirs = b.issue(&b.parts(2, vec![image(3, 300), image(4, 300)]));
    for copy in [&ours, &theirs] {
        assert_eq!(verify(copy, &list).unwrap().verdict, Verdict::Valid);
    }
    (ours, theirs, list)
}

#[test]
fn no_published_attack_passes() {
    for algorithm in [Algorithm::EcdsaP256, Algorithm::Ed25519] {
        let (ours, theirs, list) = copies(algorithm);
        let attacks = attack::all(&ours, &theirs);
        let mut families: BTreeMap<&str, (usize, Vec<FactId>)> = BTreeMap::new();
        for attack in &attacks {
            let what = format!("{algorithm:?} {} {}", attack.family, attack.name);
            assert!(attack.bytes != ours, "{what} changes nothing");
            let facts = refused(&attack.bytes, &list, &what);
            assert!(!facts.is_empty(), "{what}: a trace of a copy is left, so it is told as one");
            let family = families.entry(attack.family).or_default();
            family.0 += 1;
            family.1.extend(facts);
        }
        for (family, (count, facts)) in &mut families {
            facts.sort_unstable();
            facts.dedup();
            println!("{algorithm:?} {family}: {count} refused by {facts:?}");
        }
        // It is the file's form that is wrong, or what was signed is not what is there: never a lesser fact alone.
        for (family, (_, facts)) in &families {
            let told = facts.contains(&FactId::FileUntouched) || facts.contains(&FactId::SignatureOffice);
            assert!(told, "{family} is refused by {facts:?}");
        }
        assert!(attacks.len() >= 140, "{} attacks", attacks.len());
    }
}

#[test]
fn no_flipped_bit_passes() {
    let (ours, _, list) = copies(Algorithm::EcdsaP256);
    let mut dice = ChaCha8Rng::seed_from_u64(20_261_122);
    for _ in 0..2000 {
        let flip = mutate::flip(&ours, &mut dice);
        let _ = refused(&flip.bytes, &list, &format!("{} at {}", flip.what, flip.at));
    }
}

#[test]
fn no_change_of_structure_passes() {
    let (ours, _, list) = copies(Algorithm::Ed25519);
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    while kinds.values().sum::<usize>() < 500 {
        let Some(mutation) = mutate::structure(&ours, &mut dice) else { continue };
        let _ = refused(&mutation.bytes, &list, &format!("{} at {}", mutation.what, mutation.at));
        *kinds.entry(mutation.what).or_default() += 1;
    }
    assert!(kinds.len() == 12, "every kind of change was made: {kinds:?}");
    println!("{kinds:?}");
}
