//! From facts to a verdict, and the sentences that say it.

use super::fact::{Fact, FactId, State, Text};
use super::report::{Verdict, quoted};
use super::status::Status;
use super::trust::Office;

/// The verdict over the facts.
pub(crate) fn of(facts: &[Fact], office_known: bool, trial: bool) -> Verdict {
    let any = |state: State| facts.iter().any(|fact| fact.state == state);
    // Status has a verdict of its own, metadata may leave the copy's id out, and without witnesses time is only claimed.
    let open = |fact: &Fact| {
        fact.state == State::NotChecked && !matches!(fact.id, FactId::Status | FactId::CopyId | FactId::Time)
    };
    let status = facts.iter().find(|fact| fact.id == FactId::Status);
    if any(State::Failed) {
        Verdict::Invalid
    } else if !office_known {
        Verdict::UnknownIssuer
    } else if trial || facts.iter().any(open) {
        Verdict::Indeterminate
    } else if status.is_none_or(|fact| fact.state == State::NotChecked) {
        Verdict::AuthenticStatusUnknown
    } else {
        Verdict::Valid
    }
}

/// The verdict in a sentence.
pub(crate) fn summary(verdict: Verdict, facts: &[Fact], trial: bool, status: Option<Status>) -> Text {
    match verdict {
        Verdict::Valid => Text::new(
            "HỢP LỆ: bản sao này do cơ quan nêu dưới đây cấp, còn nguyên vẹn và đang có hiệu lực.",
            "VALID: this copy was issued by the office named below, is untouched, and is in force.",
        ),
        Verdict::Invalid => status.filter(|_| only_status(facts)).and_then(ended).unwrap_or_else(|| {
            Text::new(
                "KHÔNG HỢP LỆ: tệp này không phải là bản sao mà cơ quan đã cấp, hoặc đã bị thay đổi.",
                "INVALID: this file is not what the office issued, or it was changed.",
            )
        }),
        Verdict::UnknownIssuer => Text::new(
            "KHÔNG RÕ NƠI CẤP: cơ quan ghi trong bản sao không có trong danh sách tin cậy.",
            "UNKNOWN ISSUER: the office that the copy names is not in the trust list.",
        ),
        Verdict::Indeterminate if trial => Text::new(
            "BẢN THỬ NGHIỆM: không có giá trị pháp lý; chưa có chữ ký của người chứng thực.",
            "TRIAL: without legal value; the officer's signature is missing.",
        ),
        Verdict::Indeterminate if unlisted_key(facts) => Text::new(
            "CHƯA KẾT LUẬN ĐƯỢC: chữ ký và ảnh trang đúng của cơ quan nêu dưới đây, nhưng dấu hoặc nhật ký dùng khóa mà danh sách tin cậy này không có.",
            "INDETERMINATE: signatures and pages are those of the office named below, but its seal or log has a key that this trust list does not have.",
        ),
        Verdict::Indeterminate => Text::new(
            "CHƯA KẾT LUẬN ĐƯỢC: không thấy sai, nhưng có điều cần thiết chưa kiểm tra được.",
            "INDETERMINATE: nothing is wrong, but something needed could not be checked.",
        ),
        Verdict::AuthenticStatusUnknown => Text::new(
            "XÁC THỰC, CHƯA RÕ TÌNH TRẠNG: bản sao do cơ quan nêu dưới đây cấp và còn nguyên vẹn; chưa biết sau đó có bị thu hồi hay không.",
            "AUTHENTIC, STATUS UNKNOWN: this copy was issued by the office named below and is untouched; whether it was revoked since is not known.",
        ),
    }
}

/// Whether the office answers for what the copy says: nothing is wrong but that it ended, and all that proves it was checked.
pub(crate) fn proven(facts: &[Fact], office_known: bool) -> bool {
    const BESIDE: [FactId; 5] =
        [FactId::Status, FactId::CopyId, FactId::Time, FactId::Witnessed, FactId::National];
    let open = |fact: &Fact| fact.state == State::NotChecked && !BESIDE.contains(&fact.id);
    office_known && only_status(facts) && !facts.iter().any(open)
}

/// Whether the seal or the checkpoint is by a key that the list does not have: of a listed office nothing else leaves them open.
fn unlisted_key(facts: &[Fact]) -> bool {
    let open = |fact: &Fact| fact.state == State::NotChecked;
    facts.iter().any(|fact| open(fact) && matches!(fact.id, FactId::Seal | FactId::Checkpoint))
}

/// Whether nothing is wrong but that the copy ended.
fn only_status(facts: &[Fact]) -> bool {
    facts.iter().all(|fact| fact.state != State::Failed || fact.id == FactId::Status)
}

/// What to do.
pub(crate) fn advice(verdict: Verdict, facts: &[Fact], trial: bool, status: Option<Status>) -> Text {
    let expired = facts.iter().any(|fact| fact.id == FactId::TrustList && fact.state == State::NotChecked);
    match verdict {
        Verdict::Valid => Text::new(
            "Có thể sử dụng. Bản sao xác nhận đúng với bản chính được xuất trình, không xác nhận bản chính là thật.",
            "It may be relied on. It certifies that it equals the paper that was presented, not that the paper is genuine.",
        ),
        Verdict::Invalid => status.filter(|_| only_status(facts)).and_then(instead).unwrap_or_else(|| {
            Text::new(
                "Không sử dụng tệp này; đề nghị người nộp cung cấp lại tệp gốc hoặc hỏi cơ quan cấp.",
                "Do not rely on this file; ask for the original file again, or ask the office.",
            )
        }),
        Verdict::UnknownIssuer => Text::new(
            "Chỉ sử dụng khi có danh sách tin cậy mới có cơ quan này; không tin vào khóa nằm trong chính tệp.",
            "Get a trust list that has this office before relying on it; keys inside the file prove nothing.",
        ),
        Verdict::Indeterminate if trial => {
            Text::new("Không dùng để làm thủ tục.", "Do not accept it in a procedure.")
        }
        Verdict::Indeterminate if unlisted_key(facts) => Text::new(
            "Lấy danh sách tin cậy mới hơn rồi kiểm tra lại: có thể cơ quan đã đổi khóa. Nếu danh sách mới nhất cũng không có khóa này thì không sử dụng tệp.",
            "Get a newer trust list and verify again: the office may have changed its key. If the newest list does not have that key either, do not rely on the file.",
        ),
        Verdict::Indeterminate if expired => Text::new(
            "Danh sách tin cậy đã hết hạn: lấy danh sách mới rồi kiểm tra lại.",
            "The trust list has expired: get a new one and verify again.",
        ),
        Verdict::Indeterminate => {
            Text::new("Xem các mục chưa kiểm tra được dưới đây.", "See below what could not be checked.")
        }
        Verdict::AuthenticStatusUnknown => Text::new(
            "Hỏi cơ quan cấp, hoặc kiểm tra bằng danh sách tình trạng, nếu việc thu hồi là quan trọng.",
            "Ask the office, or verify where its status is known, if a revocation would matter.",
        ),
    }
}

/// What to do with a copy of an unlisted office that bears a listed one's name.
pub(super) fn namesake(listed: &Office) -> Text {
    let (name, code) = (quoted(&listed.name), &listed.code);
    Text::new(
        format!(
            "CẢNH BÁO: bản sao mang tên {name}, nhưng không phải của cơ quan {code} có tên đó trong danh sách tin cậy. Có thể là giả mạo: không sử dụng trước khi hỏi cơ quan {code} theo địa chỉ đã biết."
        ),
        format!(
            "WARNING: the copy bears the name {name}, but is not of office {code}, whose name that is in the trust list. It may be an imitation: do not rely on it before asking office {code} at an address that you know."
        ),
    )
}

/// What helps whoever holds a copy that ended: the same file once more does not. None for one that is in force.
pub(super) fn instead(status: Status) -> Option<Text> {
    Some(match status {
        Status::Good => return None,
        Status::Revoked => Text::new(
            "Không sử dụng, kể cả khi nhận lại đúng tệp này. Cần bản sao thì đề nghị người nộp chứng thực lại; lý do thu hồi thì hỏi cơ quan cấp.",
            "Do not rely on it; the same file sent again is no better. Have the paper certified anew if a copy is needed, or ask the office why it was revoked.",
        ),
        Status::Void => Text::new(
            "Không sử dụng; hỏi cơ quan cấp xem giấy tờ này có được chứng thực dưới số khác hay không.",
            "Do not rely on it; ask the office whether the paper was certified under another number.",
        ),
        Status::Superseded { .. } => Text::new(
            "Đề nghị người nộp cung cấp bản mới, nêu ở mục Tình trạng hiện tại dưới đây.",
            "Ask for the newer copy, which the status below names.",
        ),
        Status::Corrected { .. } => Text::new(
            "Đề nghị người nộp cung cấp bản đã đính chính, nêu ở mục Tình trạng hiện tại dưới đây.",
            "Ask for the corrected copy, which the status below names.",
        ),
    })
}

/// That a copy ended, in a sentence; none for one that is in force.
pub(super) fn ended(status: Status) -> Option<Text> {
    Some(match status {
        Status::Good => return None,
        Status::Revoked => Text::new(
            "KHÔNG HỢP LỆ: bản sao này đã bị cơ quan cấp thu hồi.",
            "INVALID: this copy has been revoked by the office that issued it.",
        ),
        Status::Void => Text::new(
            "KHÔNG HỢP LỆ: cơ quan đã hủy số chứng thực này; không bản sao nào mang số này có giá trị.",
            "INVALID: the office voided this number; no copy that bears it is good.",
        ),
        Status::Superseded { .. } => Text::new(
            "KHÔNG CÒN HIỆU LỰC: đã có bản sao mới hơn thay thế bản sao này.",
            "NO LONGER IN FORCE: a newer copy has taken the place of this one.",
        ),
        Status::Corrected { .. } => Text::new(
            "KHÔNG CÒN HIỆU LỰC: bản sao này có sai sót và đã được cấp lại bản đúng.",
            "NO LONGER IN FORCE: this copy had a mistake and a right one was issued.",
        ),
    })
}
