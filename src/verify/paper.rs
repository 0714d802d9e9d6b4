//! The paper beside its seal: what was read again from a rescanned print, value by value. Reading is somebody else's; here is what follows.

use serde::Serialize;

use super::fact::{Fact, FactId, Text};
use super::print::{SealReport, SealVerdict};
use super::report::{humanised, quoted};

/// How a sealed value compares with the paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// The same was read.
    Agrees,
    /// Something else was read.
    Differs,
    /// Nothing was read where it should stand.
    NotFound,
}

/// One sealed value beside what stands on the paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PaperValue {
    /// The field's name.
    pub field: String,
    /// What the form calls the field, in Vietnamese.
    pub title: Option<String>,
    /// What the office sealed.
    pub sealed: String,
    /// What was read; none where nothing was.
    pub read: Option<String>,
    /// How they compare.
    pub result: Comparison,
    /// Whether the reading is one that a person should look at, whatever it says.
    pub doubtful: bool,
}

/// What was read from a print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Paper {
    /// The form as which the paper was read.
    pub form: Option<String>,
    /// Whether the paper is of another form than one that has the sealed fields.
    pub other_form: bool,
    /// Pages of the print that were read.
    pub pages: u32,
    /// Words that were read on them; none of a picture of the code alone, on which nothing can be looked for.
    pub words: u32,
    /// Each sealed value, in the order of names.
    pub values: Vec<PaperValue>,
}

impl Paper {
    pub(super) fn count(&self, result: Comparison) -> usize {
        self.values.iter().filter(|value| value.result == result).count()
    }

    /// Whether the paper says something else than the seal: a value, or what kind of paper it is.
    pub fn differs(&self) -> bool {
        self.count(Comparison::Differs) > 0 || (self.other_form && self.count(Comparison::Agrees) == 0)
    }

    /// Whether the paper does not show what is sealed: there are words on it, and fewer than half of the values, or none, are among them.
    pub fn lacks(&self) -> bool {
        self.words > 0 && 2 * self.count(Comparison::Agrees) < self.values.len()
    }

    /// What was compared, as a fact: never more than that print and seal agree.
    fn fact(&self, sealed_pages: u32) -> Fact {
        let id = FactId::PaperValues;
        let (agree, all) = (self.count(Comparison::Agrees), self.values.len());
        if all == 0 {
            let none = Text::new(
                "dấu không mang giá trị nào để so sánh với tờ giấy",
                "the seal carries no value that could be compared with the paper",
            );
            return Fact::not_checked(id, none);
        }
        let mut vi = vec![format!("đọc lại: {agree}/{all} giá trị khớp")];
        let mut en = vec![format!("read again: {agree} of {all} values agree")];
        for value in &self.values {
            let sealed = quoted(&value.sealed);
            let field = humanised(&value.field);
            let name = value.title.as_ref().unwrap_or(&field);
            match (value.result, value.read.as_deref().map(quoted)) {
                (Comparison::Agrees, _) => {}
                (Comparison::Differs, Some(read)) => {
                    let (unsure_vi, unsure_en) = match value.doubtful {
                        true => (" (máy đọc không chắc)", " (not a sure reading)"),
                        false => ("", ""),
                    };
                    vi.push(format!(
                        "KHÁC: {name}: niêm phong {sealed}, trên giấy đọc được {read}{unsure_vi}"
                    ));
                    en.push(format!(
                        "DIFFERS: {field}: sealed {sealed}, read on the paper {read}{unsure_en}"
                    ));
                }
                _ => {
                    vi.push(format!("không tìm thấy trên giấy: {name} (niêm phong {sealed})"));
                    en.push(format!("not found on the paper: {field} (sealed {sealed})"));
                }
            }
        }
        if self.other_form {
            vi.push("tờ giấy trông như một loại giấy khác với loại có các trường này".to_owned());
            en.push("the paper looks like one of another kind than those with these fields".to_owned());
        }
        if self.pages != sealed_pages {
            vi.push(format!("bản sao có {sealed_pages} trang, đã đọc {}", self.pages));
            en.push(format!("pages of the copy: {sealed_pages}, read: {}", self.pages));
        }
        let text = Text::new(vi.join("; "), en.join("; "));
        if self.differs() || self.lacks() {
            Fact::warning(id, text)
        } else if agree < all {
            Fact::not_checked(id, text)
        } else {
            Fact::passed(id, text)
        }
    }
}

impl SealReport {
    /// The report with what was read again from the print: at best still `sealed`, for a code can be copied with the values around it.
    /// Of a seal that does not hold nothing is compared.
    #[must_use]
    pub fn with_paper(mut self, paper: Paper) -> Self {
        let Some(seal) = &self.seal else { return self };
        let fact = paper.fact(seal.pages);
        let beyond = Text::new(
            "dù các giá trị khớp, điều đó không chứng tỏ tờ giấy này là bản sao chứng thực; phần không được niêm phong chưa được so sánh",
            "even where they agree, that does not prove that this paper is the certified copy; what is not sealed was not compared",
        );
        self.put(Fact::not_checked(FactId::Paper, beyond));
        self.put(fact);
        if (paper.differs() || paper.lacks())
            && matches!(self.verdict, SealVerdict::Sealed | SealVerdict::Indeterminate)
        {
            self.verdict = SealVerdict::Differs;
        }
        match self.verdict {
            SealVerdict::Differs if paper.differs() => (self.summary, self.advice) = (differs(), compare()),
            SealVerdict::Differs => (self.summary, self.advice) = (lacks(&paper), compare_whole()),
            SealVerdict::Sealed if !paper.values.is_empty() => {
                self.summary = read_again(&paper, self.status.is_some());
            }
            _ => {}
        }
        self.paper = Some(paper);
        self
    }
}

/// That they differ, in a sentence.
pub(super) fn differs() -> Text {
    Text::new(
        "CẢNH BÁO, TỜ GIẤY KHÁC VỚI DẤU: dấu đúng, nhưng trên tờ giấy đọc được nội dung khác với nội dung mà cơ quan đã niêm phong. Tờ giấy có thể đã bị sửa, mã có thể lấy từ giấy khác, hoặc máy đọc sai.",
        "WARNING, THE PAPER DIFFERS FROM THE SEAL: the seal holds, but on the paper something else was read than the office sealed. The paper may have been altered, the code may be another paper's, or it was misread.",
    )
}

/// What to do where they differ.
pub(super) fn compare() -> Text {
    Text::new(
        "Không sử dụng bản in này trước khi tự mình so sánh: xem các giá trị khác nhau dưới đây; yêu cầu tệp PDF bản sao hoặc hỏi cơ quan cấp.",
        "Do not rely on this print before comparing it yourself: see below what differs; ask for the PDF copy itself, or ask the office.",
    )
}

/// That what is sealed is not on the paper, in a sentence.
fn lacks(paper: &Paper) -> Text {
    let (agree, all) = (paper.count(Comparison::Agrees), paper.values.len());
    Text::new(
        format!(
            "CẢNH BÁO, TỜ GIẤY KHÔNG CÓ NỘI DUNG ĐƯỢC NIÊM PHONG: dấu đúng, nhưng trên tờ giấy chỉ tìm thấy {agree}/{all} giá trị mà cơ quan đã niêm phong. Mã có thể lấy từ giấy khác, hoặc ảnh không đủ trang, không rõ."
        ),
        format!(
            "WARNING, THE PAPER DOES NOT SHOW WHAT IS SEALED: the seal holds, but of the values that the office sealed {agree} of {all} were found on the paper. The code may be another paper's, or the picture does not show the whole of it, or is not clear."
        ),
    )
}

/// What to do where they are not found.
fn compare_whole() -> Text {
    Text::new(
        "Không sử dụng bản in này trước khi tự mình so sánh với các giá trị dưới đây; quét lại đủ các trang ở 300 dpi, yêu cầu tệp PDF bản sao hoặc hỏi cơ quan cấp.",
        "Do not rely on this print before comparing it yourself with the values below; scan all its pages again at 300 dpi, ask for the PDF copy itself, or ask the office.",
    )
}

fn read_again(paper: &Paper, registry: bool) -> Text {
    let (agree, all) = (paper.count(Comparison::Agrees), paper.values.len());
    let (vi, en) = match registry {
        true => (", và bản sao đang có hiệu lực.", ", and the copy is in force."),
        false => {
            (". Chưa biết bản sao còn hiệu lực hay không.", ". Whether the copy is in force is not known.")
        }
    };
    Text::new(
        format!(
            "DẤU ĐÚNG: cơ quan nêu dưới đây đã niêm phong các giá trị này{vi} Đọc lại tờ giấy: {agree}/{all} giá trị khớp; bản in không phải là bản sao chứng thực."
        ),
        format!(
            "SEALED: the office named below sealed these values{en} Read again from the paper: {agree} of {all} values agree; a print is not the certified copy."
        ),
    )
}
