//! A tiny file in the grammar of a copy, made in memory; tests change it and look what is refused.

/// Objects of revision 1 and 2 as text, still without offsets.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) first: Vec<(u32, String)>,
    pub(crate) second: Vec<(u32, String)>,
    pub(crate) trailer: String,
    pub(crate) second_trailer: String,
    /// Put between two objects.
    pub(crate) between: String,
}

pub(crate) const GAP: &str = "<0000000000000000>";
const RANGE: &str = "[0 0000000000 0000000000 0000000000]";

pub(crate) fn stream(entries: &str, data: &str) -> String {
    format!("<< {entries} /Length {} >>\nstream\n{data}\nendstream", data.len())
}

fn signature() -> String {
    format!(
        "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:20261122120000+07'00') \
         /ByteRange {RANGE} /Contents {GAP} >>"
    )
}

fn field(role: &str, value: &str) -> String {
    format!(
        "<< /Type /Annot /Subtype /Widget /FT /Sig /T (saoy-{role}) /F 132 /P 3 0 R /Rect [0 0 0 0] \
         /AP << /N 9 0 R >>{value} >>"
    )
}

impl Draft {
    /// Two signers, one page with a strip, one attachment.
    pub(crate) fn new() -> Self {
        let content = "q 100 0 0 200 0 0 cm /Im0 Do Q\nBT 3 Tr /F0 12 Tf 1 0 0 1 5 5 Tm <0041> Tj ET\n\
                       q 1 0 0 1 0 -50 cm /Strip Do Q\n";
        let first = vec![
            (
                1,
                "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [7 0 R 8 0 R] /SigFlags 3 >> /AF [11 0 R] \
                 /Names << /EmbeddedFiles << /Names [(seal.cose) 11 0 R] >> >> >>"
                    .to_owned(),
            ),
            (2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned()),
            (
                3,
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 -50 100 200] /Resources << /XObject << /Im0 4 0 R \
                 /Strip 6 0 R >> /Font << /F0 13 0 R >> >> /Contents 5 0 R /Annots [7 0 R 8 0 R] >>"
                    .to_owned(),
            ),
            (
                4,
                stream(
                    "/Type /XObject /Subtype /Image /Width 10 /Height 20 /ColorSpace /DeviceGray /BitsPerComponent 8 \
                     /Filter /DCTDecode",
                    "jpeg bytes",
                ),
            ),
            (5, stream("", content)),
            (
                6,
                stream(
                    "/Type /XObject /Subtype /Form /BBox [0 0 100 50] /Resources << /Font << /F1 13 0 R >> >>",
                    "q 0 g 1 1 2 2 re f Q BT /F1 9 Tf 0 Tr 5 5 Td <0041> Tj ET",
                ),
            ),
            (7, field("officer", " /V 10 0 R")),
            (8, field("office", "")),
            (9, stream("/Type /XObject /Subtype /Form /BBox [0 0 0 0]", "")),
            (10, signature()),
            (
                11,
                "<< /Type /Filespec /F (seal.cose) /UF (seal.cose) /AFRelationship /Data /EF << /F 12 0 R /UF 12 0 R >> >>"
                    .to_owned(),
            ),
            (12, stream("/Type /EmbeddedFile /Subtype /application#2Fcose", "seal bytes")),
            (13, "<< /Type /Font /Subtype /Type0 /BaseFont /F /Encoding /Identity-H >>".to_owned()),
        ];
        let second = vec![(8, field("office", " /V 14 0 R")), (14, signature())];
        Self {
            first,
            second,
            trailer: "/Size 14 /Root 1 0 R /ID [<AA> <AA>]".into(),
            second_trailer: "/Size 15 /Root 1 0 R /ID [<AA> <BB>]".into(),
            between: String::new(),
        }
    }

    /// With `from` replaced by `to` in one object of revision 1; the text must be there.
    pub(crate) fn edit(mut self, number: u32, from: &str, to: &str) -> Self {
        let object = self.first.iter_mut().find(|(n, _)| *n == number).expect("the object is there");
        assert!(object.1.contains(from), "{from} in {}", object.1);
        object.1 = object.1.replace(from, to);
        self
    }

    /// The same in revision 2.
    pub(crate) fn edit_second(mut self, number: u32, from: &str, to: &str) -> Self {
        let object = self.second.iter_mut().find(|(n, _)| *n == number).expect("the object is there");
        assert!(object.1.contains(from), "{from} in {}", object.1);
        object.1 = object.1.replace(from, to);
        self
    }

    /// With another object in revision 1.
    pub(crate) fn add(mut self, number: u32, text: &str) -> Self {
        self.first.push((number, text.to_owned()));
        self.trailer = self.trailer.replace("/Size 14", "/Size 15");
        self
    }

    /// The bytes, lengths of streams and byte ranges right.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
        let table = revision(&mut out, &self.first, &self.trailer, &self.between);
        if !self.second.is_empty() {
            let trailer = format!("{} /Prev {table}", self.second_trailer);
            revision(&mut out, &self.second, &trailer, &self.between);
        }
        out
    }
}

/// Appends a revision; gives where its table stands.
pub(crate) fn revision(out: &mut Vec<u8>, objects: &[(u32, String)], trailer: &str, between: &str) -> usize {
    let start = out.len();
    let mut offsets = Vec::new();
    for (number, text) in objects {
        offsets.push((*number, out.len()));
        out.extend_from_slice(format!("{number} 0 obj\n{}\nendobj\n{between}", lengths(text)).as_bytes());
    }
    let table = out.len();
    offsets.sort_unstable();
    out.extend_from_slice(b"xref\n");
    if start < 20 {
        out.extend_from_slice(format!("0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes());
        for (_, offset) in &offsets {
            out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
        }
    } else {
        for (number, offset) in &offsets {
            out.extend_from_slice(format!("{number} 1\n{offset:010} 00000 n \n").as_bytes());
        }
    }
    out.extend_from_slice(format!("trailer\n<< {trailer} >>\nstartxref\n{table}\n%%EOF\n").as_bytes());
    let end = out.len();
    let find = |out: &[u8], what: &str| {
        out[start..].windows(what.len()).position(|window| window == what.as_bytes()).map(|at| at + start)
    };
    if let (Some(range), Some(gap)) = (find(out, RANGE), find(out, GAP)) {
        let after = gap + GAP.len();
        let text = format!("[0 {gap} {after} {}", end - after);
        let text = format!("{text:<width$}]", width = RANGE.len() - 1);
        out[range..range + RANGE.len()].copy_from_slice(text.as_bytes());
    }
    table
}

/// An edited stream gets the right `/Length`, unless the edit was about that.
fn lengths(text: &str) -> String {
    let Some((head, rest)) = text.split_once("\nstream\n") else { return text.to_owned() };
    let Some(data) = rest.strip_suffix("\nendstream") else { return text.to_owned() };
    let Some((before, after)) = head.rsplit_once("/Length ") else { return text.to_owned() };
    let digits = after.find(' ').unwrap_or(after.len());
    if after.starts_with('0') && after.len() > 4 {
        return text.to_owned();
    }
    format!("{before}/Length {}{}\nstream\n{data}\nendstream", data.len(), &after[digits..])
}
