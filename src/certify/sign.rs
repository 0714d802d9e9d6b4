//! Prepare, sign, finish: the copy waits in memory while a key, wherever it lives, signs a digest.
//!
//! The first signature's dictionary is in revision 1, each later one in a revision of its own, which changes that signer's
//! field and nothing else.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::record::Role;
use crate::signature::DigestAlgorithm;
use crate::signature::byte_range::{BYTE_RANGE_PLACEHOLDER, ByteRange, CAPACITY, Slot, contents_placeholder};

use super::error::CertifyError;
use super::file::{File, Ref, text_string};
use super::pdfa::pdf_date;

/// A copy that lacks signatures.
pub struct Draft {
    file: File,
    root: Ref,
    id: [u8; 16],
    fields: Vec<Field>,
    /// How many have signed.
    signed: usize,
}

/// One signature field.
struct Field {
    role: Role,
    object: Ref,
    /// The dictionary without `/V`.
    entries: String,
}

/// A draft whose next signature has its place, time and byte range.
pub struct Prepared {
    draft: Draft,
    slot: Slot,
    range: ByteRange,
}

/// What a signer gets to see; small enough to travel to a key elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToBeSigned {
    /// Whose signature.
    pub role: Role,
    /// The bytes that are signed: `[0, a, b, c]`, `0..a` and `b..b + c`.
    pub byte_range: [u64; 4],
    /// The CMS message digest over them, lower-case hexadecimal.
    #[serde(with = "hex_bytes")]
    pub digest: Vec<u8>,
}

/// The field's full name.
pub const fn field_name(role: Role) -> &'static str {
    match role {
        Role::Officer => "saoy-officer",
        Role::Office => "saoy-office",
    }
}

impl Draft {
    /// Takes over a file that lacks only the first signature's dictionary, the table and the trailer; writes the fields.
    pub(super) fn new(mut file: File, root: Ref, id: [u8; 16], fields: &[(Role, Ref)], page: Ref) -> Self {
        let appearance =
            file.add_stream("/Type /XObject /Subtype /Form /BBox [0 0 0 0] /Resources << >>", b"");
        let fields: Vec<Field> = fields
            .iter()
            .map(|&(role, object)| {
                let entries = format!(
                    "/Type /Annot /Subtype /Widget /FT /Sig /T ({}) /F 132 /P {page} /Rect [0 0 0 0] /AP << /N {appearance} >>",
                    field_name(role)
                );
                Field { role, object, entries }
            })
            .collect();
        for field in fields.iter().skip(1) {
            file.put(field.object, format_args!("<< {} >>", field.entries));
        }
        Self { file, root, id, fields, signed: 0 }
    }

    /// Who signs next; none if all have.
    pub fn next_signer(&self) -> Option<Role> {
        self.fields.get(self.signed).map(|field| field.role)
    }

    /// Makes room for the next signature and fixes what it covers: everything.
    ///
    /// `name` is the signer's as it stands in the certificate, `claimed` the time of signing, which without a timestamp is only claimed.
    ///
    /// # Errors
    /// [`CertifyError::Turn`] if it is not `role`'s turn.
    pub fn prepare(
        mut self,
        role: Role,
        name: &str,
        claimed: OffsetDateTime,
    ) -> Result<Prepared, CertifyError> {
        let expected = self.next_signer();
        let Some(field) = self.fields.get(self.signed).filter(|field| field.role == role) else {
            return Err(CertifyError::Turn { expected, role });
        };
        let signature = self.file.reserve();
        self.file.put(field.object, format_args!("<< {} /V {signature} >>", field.entries));
        let head = format!(
            "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M ({}) /Name {} /ByteRange ",
            pdf_date(claimed),
            text_string(name)
        );
        let range = String::from_utf8_lossy(BYTE_RANGE_PLACEHOLDER);
        let gap = contents_placeholder();
        let gap = String::from_utf8_lossy(&gap);
        let start = self.file.put(signature, format_args!("{head}{range} /Contents {gap} >>"));
        let byte_range = start + head.len();
        let slot = Slot { byte_range, contents: byte_range + range.len() + " /Contents ".len() };
        self.file.close(self.root, &self.id);
        let range =
            slot.close(self.file.bytes_mut()).expect("the placeholders were written at these offsets");
        Ok(Prepared { draft: self, slot, range })
    }

    /// The copy, once all have signed.
    ///
    /// # Errors
    /// [`CertifyError::Unsigned`] if a signature is missing.
    pub fn into_copy(self) -> Result<Vec<u8>, CertifyError> {
        match self.next_signer() {
            Some(role) => Err(CertifyError::Unsigned { role }),
            None => Ok(self.file.into_bytes()),
        }
    }
}

impl Prepared {
    /// The digest to sign.
    pub fn to_be_signed(&self, algorithm: DigestAlgorithm) -> ToBeSigned {
        let digest = self
            .range
            .digest(self.draft.file.bytes(), algorithm)
            .expect("the range was made for these bytes");
        ToBeSigned {
            role: self.draft.fields[self.draft.signed].role,
            byte_range: self.range.numbers(),
            digest,
        }
    }

    /// Puts the CMS SignedData, DER, into its gap.
    ///
    /// # Errors
    /// [`CertifyError::Gap`] if it is too long.
    pub fn finish(mut self, signed_data: &[u8]) -> Result<Draft, CertifyError> {
        self.slot
            .fill(self.draft.file.bytes_mut(), signed_data)
            .map_err(|_| CertifyError::Gap { length: signed_data.len(), room: CAPACITY })?;
        self.draft.signed += 1;
        Ok(self.draft)
    }

    /// The file with an empty gap, for a check before the number is taken.
    pub fn bytes(&self) -> &[u8] {
        self.draft.file.bytes()
    }
}

mod hex_bytes {
    use data_encoding::HEXLOWER;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        HEXLOWER
            .decode(text.as_bytes())
            .map_err(|_| de::Error::custom("expected lower-case hexadecimal digits"))
    }
}
