//! When: what the office and its signers claim, and what somebody else bears out.

use time::OffsetDateTime;

use crate::record::{Record, parse_timestamp};

use super::fact::{Fact, FactId, Text};
use super::signatures::{PLAUSIBLE, SKEW, rfc3339};

/// What is known of the time besides the record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments<'a> {
    /// What each signer claims.
    pub(crate) signed: &'a [OffsetDateTime],
    /// The moment by which the reader's witnesses had seen the entry in the log.
    pub(crate) witnessed: Option<OffsetDateTime>,
    /// What a document timestamp states whose authority nobody vouches for.
    pub(crate) stamped: Option<OffsetDateTime>,
    /// The present.
    pub(crate) now: OffsetDateTime,
}

/// The claim beside its bounds. A log proves an order, and a time only where somebody outside the office put one to it.
pub(crate) fn fact(record: &Record, moments: &Moments<'_>) -> Fact {
    let id = FactId::Time;
    let issued = parse_timestamp(&record.issued_at);
    let claims: Vec<OffsetDateTime> = issued.into_iter().chain(moments.signed.iter().copied()).collect();
    let (Some(first), Some(last)) = (claims.iter().min(), claims.iter().max()) else {
        return Fact::not_checked(id, Text::new("không có thời điểm nào được khai", "no time is claimed"));
    };
    let (issued, signed) = (&record.issued_at, moments.signed.iter().max().copied().map(rfc3339));
    let signed = signed.as_deref().unwrap_or("—");
    let mut vi = format!("cơ quan khai cấp lúc {issued}, người ký khai ký lúc {signed}");
    let mut en = format!("the office claims {issued} for the issue, the signers {signed} for signing");
    let mut say = |more_vi: String, more_en: String| {
        vi = format!("{vi}; {more_vi}");
        en = format!("{en}; {more_en}");
    };
    if let Some(bound) = moments.witnessed.map(rfc3339) {
        say(
            format!(
                "các bên chứng kiến đã thấy mục này trong nhật ký chậm nhất lúc {bound}, nên bản sao có trước lúc đó"
            ),
            format!("witnesses had seen the entry in the log by {bound}, so the copy is no younger"),
        );
    }
    if let Some(stamped) = moments.stamped.map(rfc3339) {
        say(
            format!("dấu thời gian ghi {stamped}, nhưng chưa kiểm tra đơn vị cấp dấu đó"),
            format!("a document timestamp states {stamped}, but its authority was not checked"),
        );
    }
    if moments.witnessed.is_none() {
        say(
            "không ai ngoài cơ quan chứng minh thời điểm này: nhật ký chỉ chứng minh thứ tự".into(),
            "nobody but the office bears that out: the log proves an order, not a time".into(),
        );
    }
    let remark = if *last > moments.now + SKEW {
        Some(Text::new("thời điểm khai nằm trong tương lai", "the claimed time lies in the future"))
    } else if *last - *first > PLAUSIBLE {
        Some(Text::new(
            "các thời điểm khai cách nhau hơn một ngày",
            "the claimed times are more than a day apart",
        ))
    } else if moments.witnessed.is_some_and(|bound| *first > bound + SKEW) {
        Some(Text::new(
            "thời điểm khai muộn hơn lúc các bên chứng kiến đã thấy bản sao",
            "the claimed time is later than when witnesses had seen the copy",
        ))
    } else if moments.stamped.is_some_and(|stamped| *first > stamped + SKEW) {
        Some(Text::new(
            "dấu thời gian của tài liệu sớm hơn thời điểm khai, mà nó được ghi thêm sau chữ ký",
            "the document timestamp is earlier than the claimed time, though it was added after the signatures",
        ))
    } else {
        None
    };
    match (remark, moments.witnessed) {
        (Some(remark), _) => {
            Fact::warning(id, Text::new(format!("{vi}; {}", remark.vi), format!("{en}; {}", remark.en)))
        }
        (None, Some(_)) => Fact::passed(id, Text::new(vi, en)),
        (None, None) => Fact::not_checked(id, Text::new(vi, en)),
    }
}
