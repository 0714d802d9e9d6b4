//! What makes the file PDF/A-3u: metadata, output intent, catalog, attachments (ISO 19005-3).

use std::fmt::Write as _;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::ambient::VIETNAM;

use super::file::{File, Ref, name, text_string};
use super::{Attachment, Metadata, color};

/// Saoy's own XMP properties. The name need not resolve, so it lies under a domain that nobody can own (RFC 2606).
const NAMESPACE: &str = "https://saoy.invalid/ns/conversion/1/";

/// The properties of [`NAMESPACE`]: name, type, description. PDF/A asks that a file describe what is not predefined (6.6.2.3.3).
const PROPERTIES: [(&str, &str, &str); 6] = [
    ("ConvertedFrom", "Text", "What the data message was converted from"),
    ("ConvertedAt", "Date", "When it was converted"),
    ("ConvertingBody", "Text", "The body that converted it"),
    ("ConvertingPerson", "Text", "The person who converted it"),
    ("CopyId", "Text", "The certified copy's id"),
    ("Trial", "Boolean", "Whether the copy is a trial without legal value"),
];

/// What any file says about itself.
pub(super) struct About<'a> {
    /// The title.
    pub(super) title: &'a str,
    /// What it is, in a sentence.
    pub(super) description: &'a str,
    /// Who answers for it.
    pub(super) publisher: &'a str,
    /// When it was made.
    pub(super) created: OffsetDateTime,
}

/// The XMP packet of a copy: about the file, and the conversion mark.
pub(super) fn copy_xmp(meta: &Metadata) -> String {
    let about = About {
        title: &meta.title,
        description: &meta.conversion,
        publisher: &meta.office,
        created: meta.created,
    };
    xmp(&about, &conversion(meta))
}

/// The XMP packet; `more` holds further `rdf:Description` elements.
pub(super) fn xmp(about: &About<'_>, more: &str) -> String {
    let created = xmp_date(about.created);
    let [title, description, publisher] = [about.title, about.description, about.publisher].map(xml);
    format!(
        "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n\
         <rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\"\n \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"\n \
         xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\">\n\
         <pdfaid:part>3</pdfaid:part>\n<pdfaid:conformance>U</pdfaid:conformance>\n\
         <dc:format>application/pdf</dc:format>\n\
         <dc:language><rdf:Bag><rdf:li>vi-VN</rdf:li></rdf:Bag></dc:language>\n\
         <dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">{title}</rdf:li></rdf:Alt></dc:title>\n\
         <dc:description><rdf:Alt><rdf:li xml:lang=\"x-default\">{description}</rdf:li></rdf:Alt></dc:description>\n\
         <dc:publisher><rdf:Bag><rdf:li>{publisher}</rdf:li></rdf:Bag></dc:publisher>\n\
         <xmp:CreateDate>{created}</xmp:CreateDate>\n<xmp:ModifyDate>{created}</xmp:ModifyDate>\n\
         <pdf:Producer>Saoy {}</pdf:Producer>\n</rdf:Description>\n{more}\
         </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"r\"?>",
        env!("CARGO_PKG_VERSION")
    )
}

/// The conversion mark, and the description of its properties.
fn conversion(meta: &Metadata) -> String {
    let mut out = format!(
        "<rdf:Description rdf:about=\"\" xmlns:saoy=\"{NAMESPACE}\">\n\
         <saoy:ConvertedFrom>paper</saoy:ConvertedFrom>\n<saoy:ConvertedAt>{}</saoy:ConvertedAt>\n\
         <saoy:ConvertingBody>{}</saoy:ConvertingBody>\n",
        xmp_date(meta.converted_at),
        xml(&meta.office)
    );
    let mut add = |text: std::fmt::Arguments<'_>| out.write_fmt(text).expect("writing to memory succeeds");
    if let Some(officer) = &meta.officer {
        add(format_args!("<saoy:ConvertingPerson>{}</saoy:ConvertingPerson>\n", xml(officer)));
    }
    add(format_args!(
        "<saoy:CopyId>{}</saoy:CopyId>\n<saoy:Trial>{}</saoy:Trial>\n</rdf:Description>\n",
        data_encoding::HEXLOWER.encode(&meta.copy_id),
        if meta.trial { "True" } else { "False" }
    ));
    add(format_args!(
        "<rdf:Description rdf:about=\"\" xmlns:pdfaExtension=\"http://www.aiim.org/pdfa/ns/extension/\"\n \
         xmlns:pdfaSchema=\"http://www.aiim.org/pdfa/ns/schema#\" xmlns:pdfaProperty=\"http://www.aiim.org/pdfa/ns/property#\">\n\
         <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType=\"Resource\">\n\
         <pdfaSchema:schema>Conversion of paper into a data message</pdfaSchema:schema>\n\
         <pdfaSchema:namespaceURI>{NAMESPACE}</pdfaSchema:namespaceURI>\n<pdfaSchema:prefix>saoy</pdfaSchema:prefix>\n\
         <pdfaSchema:property><rdf:Seq>\n"
    ));
    for (name, kind, description) in PROPERTIES {
        add(format_args!(
            "<rdf:li rdf:parseType=\"Resource\"><pdfaProperty:name>{name}</pdfaProperty:name>\
             <pdfaProperty:valueType>{kind}</pdfaProperty:valueType>\
             <pdfaProperty:category>external</pdfaProperty:category>\
             <pdfaProperty:description>{description}</pdfaProperty:description></rdf:li>\n"
        ));
    }
    out.push_str(
        "</rdf:Seq></pdfaSchema:property>\n</rdf:li></rdf:Bag></pdfaExtension:schemas>\n</rdf:Description>\n",
    );
    out
}

/// Writes the attached files; the answer is each one's name and file specification, sorted by name as a name tree is.
pub(super) fn attach(file: &mut File, attachments: &[Attachment]) -> Vec<(String, Ref)> {
    let mut sorted: Vec<&Attachment> = attachments.iter().collect();
    sorted.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    let mut specs = Vec::new();
    for attachment in sorted {
        let stream = file.add_stream(
            format_args!(
                "/Type /EmbeddedFile /Subtype {} /Params << /Size {} /ModDate ({}) >>",
                name(attachment.media_type),
                attachment.bytes.len(),
                pdf_date(attachment.modified)
            ),
            &attachment.bytes,
        );
        let title = text_string(&attachment.name);
        let spec = file.add(format_args!(
            "<< /Type /Filespec /F {title} /UF {title} /Desc {} /AFRelationship /{} /EF << /F {stream} /UF {stream} >> >>",
            text_string(&attachment.description),
            attachment.relationship.name(),
        ));
        specs.push((title, spec));
    }
    specs
}

/// Writes the catalog; `packet` is the XMP packet, `fields` are the signatures'.
pub(super) fn catalog(
    file: &mut File,
    root: Ref,
    pages: Ref,
    packet: &str,
    fields: &[Ref],
    specs: &[(String, Ref)],
) {
    let profile = file.add_deflated("/N 3", &color::SRGB);
    let metadata = file.add_stream("/Type /Metadata /Subtype /XML", packet.as_bytes());
    let list = |refs: &mut dyn Iterator<Item = String>| refs.collect::<Vec<_>>().join(" ");
    let mut attached = String::new();
    if !specs.is_empty() {
        let associated = list(&mut specs.iter().map(|(_, spec)| spec.to_string()));
        let names = list(&mut specs.iter().map(|(name, spec)| format!("{name} {spec}")));
        attached = format!(" /AF [{associated}] /Names << /EmbeddedFiles << /Names [{names}] >> >>");
    }
    let mut form = String::new();
    if !fields.is_empty() {
        form = format!(
            " /AcroForm << /Fields [{}] /SigFlags 3 >>",
            list(&mut fields.iter().map(Ref::to_string))
        );
    }
    file.put(
        root,
        format_args!(
            "<< /Type /Catalog /Pages {pages} /Metadata {metadata} /Lang (vi-VN) \
             /OutputIntents [<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) \
             /Info (sRGB IEC61966-2.1) /DestOutputProfile {profile} >>]{form}{attached} >>"
        ),
    );
}

/// A date as PDF writes it (ISO 32000-1 section 7.9.4), in Vietnam's time.
pub(super) fn pdf_date(time: OffsetDateTime) -> String {
    let t = time.to_offset(VIETNAM);
    format!(
        "D:{:04}{:02}{:02}{:02}{:02}{:02}+07'00'",
        t.year(),
        u8::from(t.month()),
        t.day(),
        t.hour(),
        t.minute(),
        t.second()
    )
}

fn xmp_date(time: OffsetDateTime) -> String {
    let whole = time.to_offset(VIETNAM).replace_nanosecond(0).expect("zero is a valid nanosecond");
    whole.format(&Rfc3339).expect("years of four digits have this form")
}

/// Text as XML 1.0 content; characters that XML cannot hold are left out.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {}
            c => out.push(c),
        }
    }
    out
}
