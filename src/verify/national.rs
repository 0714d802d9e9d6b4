//! Whether the office's checkpoint is in a national log of checkpoints: copy → receipt → office's checkpoint → national checkpoint.

use crate::registry::check::LogTrust;
use crate::registry::note::{Note, NoteVerifier};
use crate::registry::policy::Policy;
use crate::registry::proof::Proof;
use crate::registry::{Checkpoint, Receipt};

use super::evidence::others_receipts;
use super::fact::{Fact, FactId, Text};
use super::trust::Office;

/// Who can prove that a checkpoint is in a national log: a folder of proofs, or the log itself. Nothing it gives is believed before it
/// is verified.
pub trait ProofSource {
    /// The proofs that may be of this checkpoint.
    fn proofs(&self, checkpoint: &Note) -> Vec<Proof>;
}

impl ProofSource for Vec<Proof> {
    fn proofs(&self, _: &Note) -> Vec<Proof> {
        self.clone()
    }
}

/// What the reader asks of a national log.
#[derive(Clone, Copy)]
pub struct National<'a> {
    /// The reader's policy (C2SP tlog-policy): the national logs by their keys, and how many witnesses their checkpoints need.
    pub policy: &'a Policy,
    /// The receipts that were stapled beside the copy later.
    pub stapled: &'a [Receipt],
    /// Where proofs come from.
    pub proofs: &'a dyn ProofSource,
}

impl std::fmt::Debug for National<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("National")
            .field("policy", self.policy)
            .field("stapled", &self.stapled)
            .finish_non_exhaustive()
    }
}

/// The fact: passed where a signed checkpoint of the office over this entry is proven to be an entry of a log that the policy names, and
/// that log's checkpoint has the cosignatures which the policy asks for.
pub(crate) fn fact(own: Option<&Receipt>, office: Option<&Office>, national: &National<'_>) -> Fact {
    let id = FactId::National;
    let not_proven = |vi: &str, en: &str| {
        Fact::not_checked(id, Text::new(format!("chưa chứng minh được: {vi}"), format!("not proven: {en}")))
    };
    let (Some(own), Some(office)) = (own, office) else {
        return not_proven(
            "không có biên nhận đọc được của cơ quan tin cậy",
            "there is no readable receipt of a trusted office",
        );
    };
    let trust = office.log_trust();
    let mut unwitnessed = None;
    for receipt in std::iter::once(own).chain(national.stapled).filter(|r| r.entry == own.entry) {
        let Some(checkpoint) = signed(receipt, &trust) else { continue };
        for proof in national.proofs.proofs(&receipt.checkpoint) {
            let Some(logged) = logged(&proof, &receipt.checkpoint, national.policy) else { continue };
            let witnessed = national.policy.witnessed(&proof.checkpoint);
            let (origin, size, by) = (&logged.origin, logged.size, witnessed.by.len());
            if !witnessed.quorum {
                unwitnessed = unwitnessed.max(Some(by));
                continue;
            }
            let (entries, index) = (checkpoint.size, proof.index);
            return Fact::passed(
                id,
                Text::new(
                    format!(
                        "điểm kiểm gồm {entries} mục của cơ quan là mục số {index} của {origin}, cây gồm {size} mục, {by} bên chứng kiến đã ký"
                    ),
                    format!(
                        "the office's checkpoint of {entries} entries is entry {index} of {origin}, a tree of {size} entries that {by} witnesses cosigned"
                    ),
                ),
            );
        }
    }
    match unwitnessed {
        Some(by) => not_proven(
            &format!("nhật ký quốc gia có điểm kiểm này nhưng chỉ có {by} chữ ký của bên chứng kiến"),
            &format!("the national log has the checkpoint, but only {by} cosignatures of known witnesses"),
        ),
        None => {
            let strange = others_receipts(own, national.stapled);
            not_proven(
                &format!(
                    "không có bằng chứng rằng một điểm kiểm chứa mục này nằm trong nhật ký quốc gia{}",
                    strange.vi
                ),
                &format!(
                    "no proof that a checkpoint over this entry is in a national log of the policy{}",
                    strange.en
                ),
            )
        }
    }
}

/// The office's checkpoint of a receipt that holds.
fn signed(receipt: &Receipt, trust: &LogTrust) -> Option<Checkpoint> {
    let claimed = Checkpoint::parse(receipt.checkpoint.text()).ok()?;
    receipt.verify(&trust.origin, &trust.keys_at(claimed.size.saturating_sub(1))).ok()
}

/// The national checkpoint, signed by a log of the policy, to which a proof of this office's checkpoint leads.
fn logged(proof: &Proof, checkpoint: &Note, policy: &Policy) -> Option<Checkpoint> {
    let origin = Checkpoint::parse(proof.checkpoint.text()).ok()?.origin;
    let keys: Vec<NoteVerifier> =
        policy.logs.iter().map(|log| &log.key).filter(|key| key.name() == origin).cloned().collect();
    proof.verify_checkpoint(checkpoint, &origin, &keys).ok()
}
