//! What a seal by itself comes to, in a sentence, and what to do.

use super::SealVerdict;
use crate::verify::fact::Text;
use crate::verify::status::Status;
use crate::verify::{paper, verdict};

/// Why nothing can be concluded of a seal with which nothing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// It is one of a trial.
    Trial,
    /// The trust list does not have its key.
    UnlistedKey,
    /// The office's own registry has no such entry.
    NoEntry,
    /// The trust list has expired.
    Expired,
}

/// The verdict in a sentence; `asked` is whether somebody was asked for the status.
pub(super) fn summary(verdict: SealVerdict, open: Option<Open>, status: Option<Status>, asked: bool) -> Text {
    match (verdict, status) {
        (SealVerdict::Sealed, None) if asked => Text::new(
            "DẤU ĐÚNG: cơ quan nêu dưới đây đã niêm phong các giá trị này. Chưa kiểm tra tờ giấy, chưa biết bản sao còn hiệu lực hay không; bản in không phải là bản sao chứng thực.",
            "SEALED: the office named below sealed these values. The paper was not checked, and whether the copy is in force is not known; a print is not the certified copy.",
        ),
        (SealVerdict::Sealed, None) => Text::new(
            "DẤU ĐÚNG: cơ quan nêu dưới đây đã niêm phong các giá trị này. Chưa kiểm tra tờ giấy, chưa tra sổ đăng ký; bản in không phải là bản sao chứng thực.",
            "SEALED: the office named below sealed these values. The paper was not checked, the registry not consulted; a print is not the certified copy.",
        ),
        (SealVerdict::Sealed, Some(_)) => Text::new(
            "DẤU ĐÚNG: cơ quan nêu dưới đây đã niêm phong các giá trị này, và bản sao đang có hiệu lực. Chưa kiểm tra tờ giấy; bản in không phải là bản sao chứng thực.",
            "SEALED: the office named below sealed these values, and the copy is in force. The paper was not checked; a print is not the certified copy.",
        ),
        (SealVerdict::Invalid, status) => status.and_then(verdict::ended).unwrap_or_else(|| {
            Text::new(
                "KHÔNG HỢP LỆ: dấu trong mã này không phải do cơ quan ghi trong đó niêm phong, hoặc đã bị thay đổi.",
                "INVALID: the office that this code names did not seal it, or it was changed.",
            )
        }),
        (SealVerdict::Differs, _) => paper::differs(),
        (SealVerdict::UnknownIssuer, _) => Text::new(
            "KHÔNG RÕ NƠI CẤP: cơ quan ghi trong mã không có trong danh sách tin cậy.",
            "UNKNOWN ISSUER: the office that the code names is not in the trust list.",
        ),
        (SealVerdict::Indeterminate, _) => match open {
            Some(Open::Trial) => Text::new(
                "BẢN THỬ NGHIỆM: dấu đúng, nhưng bản sao này không có giá trị pháp lý.",
                "TRIAL: the seal holds, but the copy is without legal value.",
            ),
            Some(Open::UnlistedKey) => Text::new(
                "CHƯA KẾT LUẬN ĐƯỢC: danh sách tin cậy này không có khóa của dấu; chưa điều gì trong mã được chứng minh.",
                "INDETERMINATE: this trust list does not have the seal's key; nothing in the code is proven.",
            ),
            Some(Open::NoEntry) => Text::new(
                "CHƯA KẾT LUẬN ĐƯỢC: dấu không sai, nhưng sổ đăng ký của cơ quan không có mục mà dấu nêu.",
                "INDETERMINATE: the seal is not wrong, but the office's registry has no entry where the seal says that it stands.",
            ),
            Some(Open::Expired) | None => Text::new(
                "CHƯA KẾT LUẬN ĐƯỢC: dấu không sai, nhưng danh sách tin cậy đã hết hạn.",
                "INDETERMINATE: the seal is not wrong, but the trust list has expired.",
            ),
        },
    }
}

pub(super) fn advice(verdict: SealVerdict, open: Option<Open>, status: Option<Status>) -> Text {
    match verdict {
        SealVerdict::Sealed => Text::new(
            "Đối chiếu từng giá trị dưới đây với tờ giấy; khi cần chắc chắn, yêu cầu tệp PDF bản sao hoặc hỏi cơ quan cấp.",
            "Compare each value below with the paper; where it matters, ask for the PDF copy itself or ask the office.",
        ),
        SealVerdict::Invalid => status.and_then(verdict::instead).unwrap_or_else(|| {
            Text::new(
                "Không sử dụng bản in này; yêu cầu tệp PDF bản sao hoặc hỏi cơ quan cấp.",
                "Do not rely on this print; ask for the PDF copy, or ask the office.",
            )
        }),
        SealVerdict::Differs => paper::compare(),
        SealVerdict::UnknownIssuer => Text::new(
            "Chỉ sử dụng khi có danh sách tin cậy mới có cơ quan này.",
            "Get a trust list that has this office before relying on it.",
        ),
        SealVerdict::Indeterminate => match open {
            Some(Open::Trial) => Text::new("Không dùng để làm thủ tục.", "Do not accept it in a procedure."),
            Some(Open::UnlistedKey) => Text::new(
                "Lấy danh sách tin cậy mới hơn rồi kiểm tra lại: có thể cơ quan đã đổi khóa. Nếu danh sách mới nhất cũng không có khóa này thì dấu là giả.",
                "Get a newer trust list and verify again: the office may have changed its key. If the newest list does not have that key either, the seal is forged.",
            ),
            Some(Open::NoEntry) => Text::new(
                "Không sử dụng bản in này trước khi hỏi cơ quan: hoặc sổ đăng ký ở đây là bản cũ, hoặc cơ quan chưa từng cấp bản sao này và khóa của dấu đã bị lộ.",
                "Do not rely on this print before asking the office: either the registry here is an old one, or the office never issued this copy and its seal key was stolen.",
            ),
            Some(Open::Expired) | None => Text::new(
                "Lấy danh sách tin cậy mới rồi kiểm tra lại.",
                "Get a new trust list and verify again.",
            ),
        },
    }
}

/// That the log has something else where the seal says that it stands.
pub(super) fn other_entry() -> Text {
    Text::new(
        "KHÔNG HỢP LỆ: dấu không khớp với mục mà sổ đăng ký và nhật ký công khai của cơ quan có.",
        "INVALID: the seal is not what the office's registry and public log have at its entry.",
    )
}
