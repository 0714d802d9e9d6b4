//! What ETSI EN 319 102-1 (clause 5.1.3) would say about the PDF signatures, in the words that ETSI TS 119 102-2 reports use.
//!
//! Only about the signatures: the verdict asks for more (record, seal, log, status). The validation policy behind it: the office's root of the
//! trust list is the only trust anchor; revocation data is not asked for, since offices' copies are revoked in the log; the signing time is claimed
//! and nothing proves it, so a path that holds only at that time is `INDETERMINATE`.

use serde::Serialize;

use crate::signature::chain::ChainError;

/// The main status indication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum MainIndication {
    /// Every check of the policy holds.
    #[serde(rename = "TOTAL-PASSED")]
    TotalPassed,
    /// What is at hand does not suffice.
    #[serde(rename = "INDETERMINATE")]
    Indeterminate,
    /// The signature is wrong.
    #[serde(rename = "TOTAL-FAILED")]
    TotalFailed,
}

/// Why, where it did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SubIndication {
    /// The signature, or the file around it, is not in its form.
    FormatFailure,
    /// The signed digest is not the file's.
    HashFailure,
    /// The signature's value is wrong.
    SigCryptoFailure,
    /// The signature carries what the policy forbids.
    SigConstraintsFailure,
    /// The certificates do not lead to the office's root, or the office is not known.
    NoCertificateChainFound,
    /// The path leads there, but is not one for signing documents.
    ChainConstraintsFailure,
    /// The certificate is not valid at present, and nothing proves when it was used.
    OutOfBoundsNoPoe,
    /// The signature states no time.
    NoPoe,
}

/// Both, as they stand in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Indication {
    /// The main one.
    pub indication: MainIndication,
    /// Why, where it did not pass.
    pub sub_indication: Option<SubIndication>,
}

impl Indication {
    pub(crate) const PASSED: Self = Self { indication: MainIndication::TotalPassed, sub_indication: None };

    pub(crate) const fn failed(why: SubIndication) -> Self {
        Self { indication: MainIndication::TotalFailed, sub_indication: Some(why) }
    }

    pub(crate) const fn open(why: SubIndication) -> Self {
        Self { indication: MainIndication::Indeterminate, sub_indication: Some(why) }
    }

    /// Of a path that does not hold.
    pub(crate) const fn of_path(error: &ChainError) -> Self {
        Self::open(match error {
            ChainError::UnknownIssuer | ChainError::BadSignature => SubIndication::NoCertificateChainFound,
            ChainError::Expired(_) | ChainError::NotYetValid(_) => SubIndication::OutOfBoundsNoPoe,
            _ => SubIndication::ChainConstraintsFailure,
        })
    }

    /// Of a whole file: its worst signature's; a file whose form is wrong has none that counts.
    pub(crate) fn of_file(well_formed: bool, signatures: impl IntoIterator<Item = Self>) -> Self {
        let worst = signatures.into_iter().max_by_key(|one| one.indication);
        worst.filter(|_| well_formed).unwrap_or(Self::failed(SubIndication::FormatFailure))
    }
}
