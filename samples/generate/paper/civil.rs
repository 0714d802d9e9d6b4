//! Civil-status papers other than the birth certificate: marriage, death, marital status.

use serde_json::{Value, json};
use time::{Date, Duration, Month};

use super::dates::{self, between, ymd};
use super::dice::Dice;
use super::font::Family;
use super::people::{self, Place, Sex};
use super::press::{Press, Weight, committee, committee_rim};
use super::recipe::Look;
use super::sheet::{Sheet, WIDTH};

/// Sheets and the value of every field.
pub(super) type Set = (Vec<Sheet>, Vec<(&'static str, Value)>);

/// Someone with an identity paper.
struct Person {
    name: String,
    dob: Date,
    ethnicity: &'static str,
    residence: String,
    id: IdPaper,
}

/// An identity paper as printed behind "Giấy tờ tùy thân".
struct IdPaper {
    kind: &'static str,
    number: String,
    date: Date,
    place: String,
}

impl IdPaper {
    fn any(dice: &mut Dice, place: &Place, sex: Sex, born: i32, before: Date) -> Self {
        let date = before - Duration::days(dice.whole(90, 1500));
        if before >= ymd(2016, Month::January, 1) || dice.chance(0.3) {
            let number = people::pin(dice, sex, born);
            let place = "Cục Cảnh sát quản lý hành chính về trật tự xã hội".to_owned();
            Self {
                kind: dice.pick(&["Căn cước công dân", "CCCD", "Thẻ căn cước"]), number, date, place
            }
        } else {
            let number = format!("999{:06}", dice.whole(0, 999_999));
            let place = format!("Công an tỉnh {}", place.province);
            Self { kind: dice.pick(&["Chứng minh nhân dân", "CMND"]), number, date, place }
        }
    }

    fn text(&self) -> String {
        format!("{} số {} do {} cấp ngày {}", self.kind, self.number, self.place, dates::slashed(self.date))
    }
}

impl Person {
    fn any(dice: &mut Dice, sex: Sex, at: Date, ages: (i64, i64)) -> Self {
        let dob = at - Duration::days(dice.whole(ages.0 * 366, ages.1 * 365));
        let place = Place::any(dice, at);
        Self {
            name: people::name(dice, sex).to_uppercase(),
            dob,
            ethnicity: people::ethnicity(dice),
            residence: place.detailed(dice),
            id: IdPaper::any(dice, &place, sex, dob.year(), at),
        }
    }
}

/// Who signs.
pub(super) fn signer(dice: &mut Dice) -> (String, &'static str) {
    let sex = Sex::any(dice);
    (people::name(dice, sex), dice.pick(&["CHỦ TỊCH", "PHÓ CHỦ TỊCH"]))
}

/// A marriage certificate: the wife's column at the left, the husband's at the right.
pub(super) fn marriage(dice: &mut Dice, look: &Look, dpi: u32, faces: (&Family, &Family)) -> Set {
    let mut press = Press::new(dice, look, dpi, faces);
    // Overprinted on stock: everything that is filled in is shifted together.
    press.drift = (dice.real(-3.0, 4.0), dice.real(-2.2, 1.6));
    press.size = press.size.min(11.6);
    let date = between(dice, ymd(2004, Month::January, 5), ymd(2026, Month::August, 31));
    let place = Place::any(dice, date);
    let wife = Person::any(dice, Sex::Female, date, (19, 38));
    let husband = Person::any(dice, Sex::Male, date, (21, 44));
    let (signer_name, signer_title) = signer(dice);
    let reg_no = if dice.chance(0.7) {
        format!("{:02}/{}", dice.whole(1, 320), date.year())
    } else {
        dice.whole(1, 320).to_string()
    };
    let book = look.plan % 3 == 1;
    let book_no = book.then(|| format!("{:02}/{}", dice.whole(1, 4), date.year()));
    let reg_place = format!("Ủy ban nhân dân {}", place.address());
    let agency = if press.choose(1, true, false) { committee(&place, book) } else { Vec::new() };
    let under: Vec<(&str, &str)> = match &book_no {
        Some(number) => vec![("Số:", &reg_no), ("Quyển số:", number)],
        None => Vec::new(),
    };
    press.heading(&agency, &under);
    press.y += 26.0;
    press.title(&["GIẤY CHỨNG NHẬN KẾT HÔN"], 18.0);
    if book_no.is_none() {
        let y = press.y;
        press.pair(WIDTH / 2.0, y, "Số:", &reg_no, true);
        press.y += 12.0;
    }
    press.y += 16.0;
    let long = look.plan != 3;
    let (wife_label, husband_label) = if long {
        ("Họ, chữ đệm, tên vợ:", "Họ, chữ đệm, tên chồng:")
    } else {
        ("Họ và tên vợ:", "Họ và tên chồng:")
    };
    let residence = if look.plan % 3 == 2 { "Nơi thường trú/tạm trú:" } else { "Nơi cư trú:" };
    let identity = if look.old_tones { "Giấy tờ tuỳ thân:" } else { "Giấy tờ tùy thân:" };
    let of = |person: &Person| {
        [dates::slashed(person.dob), person.ethnicity.to_owned(), person.residence.clone(), person.id.text()]
    };
    let (w, h) = (of(&wife), of(&husband));
    let rows = |label: &'static str, person: &'_ Person, v: &'_ [String; 4]| -> Vec<(&'static str, String)> {
        vec![
            (label, person.name.clone()),
            ("Ngày, tháng, năm sinh:", v[0].clone()),
            ("Dân tộc:", v[1].clone()),
            ("Quốc tịch:", "Việt Nam".to_owned()),
            (residence, v[2].clone()),
            (identity, v[3].clone()),
        ]
    };
    let (left, right) = (rows(wife_label, &wife, &w), rows(husband_label, &husband, &h));
    let left: Vec<(&str, Option<&str>)> = left.iter().map(|(l, v)| (*l, Some(v.as_str()))).collect();
    let right: Vec<(&str, Option<&str>)> = right.iter().map(|(l, v)| (*l, Some(v.as_str()))).collect();
    press.columns(&left, &right, &[true]);
    press.y += 4.0;
    press.row(&[("Nơi đăng ký kết hôn:", Some(&reg_place))], false);
    press.row(&[("Ngày, tháng, năm đăng ký:", Some(&dates::slashed(date)))], false);
    press.y += 8.0;
    let top = press.y;
    let middle = (press.left + press.right) / 2.0;
    let (quarter, three) = ((press.left + middle) / 2.0, (press.right + middle) / 2.0);
    for (center, who) in [(quarter, "Vợ"), (three, "Chồng")] {
        press.y = top;
        let bold = super::sheet::Style::new(&press.labels.bold, 11.5);
        let small = super::sheet::Style::new(&press.labels.italic, 9.8);
        press.sheet().centered(center, top, who, bold);
        press.sheet().centered(center, top + 14.0, "(Ký, ghi rõ họ, chữ đệm, tên)", small);
        super::ink::sign(press.sheet(), center - 40.0, top + 40.0, 84.0, dice);
    }
    press.y = top + 72.0;
    let rim = committee_rim(&place);
    press.signature(
        WIDTH / 2.0 + press.choose(0, 0.0, 60.0),
        &[
            ("NGƯỜI KÝ GIẤY CHỨNG NHẬN KẾT HÔN", Weight::Bold),
            ("(Ký, ghi rõ họ, chữ đệm, tên, chức vụ và đóng dấu)", Weight::Small),
            (signer_title, Weight::Bold),
        ],
        &signer_name,
        Some((&rim.0, &rim.1)),
        dice,
    );
    let mut fields = vec![("reg_no", json!(reg_no)), ("book_no", json!(book_no))];
    let names: [[&'static str; 9]; 2] = [
        [
            "wife.name",
            "wife.dob",
            "wife.ethnicity",
            "wife.nationality",
            "wife.residence",
            "wife.id_type",
            "wife.id_no",
            "wife.id_date",
            "wife.id_place",
        ],
        [
            "husband.name",
            "husband.dob",
            "husband.ethnicity",
            "husband.nationality",
            "husband.residence",
            "husband.id_type",
            "husband.id_no",
            "husband.id_date",
            "husband.id_place",
        ],
    ];
    for (names, person) in names.into_iter().zip([&wife, &husband]) {
        let values = [
            json!(person.name),
            json!(person.dob.to_string()),
            json!(person.ethnicity),
            json!("Việt Nam"),
            json!(person.residence),
            json!(person.id.kind),
            json!(person.id.number),
            json!(person.id.date.to_string()),
            json!(person.id.place),
        ];
        fields.extend(names.into_iter().zip(values));
    }
    fields.extend([
        ("reg_place", json!(reg_place)),
        ("reg_date", json!(date.to_string())),
        ("signer_name", json!(signer_name)),
        ("signer_title", json!(signer_title)),
        ("notes", Value::Null),
    ]);
    (press.sheets, fields)
}

/// An extract from the register of deaths.
pub(super) fn death(dice: &mut Dice, look: &Look, dpi: u32, faces: (&Family, &Family)) -> Set {
    let mut press = Press::new(dice, look, dpi, faces);
    if look.plan % 3 == 1 {
        press.stop = Some(150.0);
    }
    let date = between(dice, ymd(2016, Month::January, 4), ymd(2026, Month::August, 31));
    let place = Place::any(dice, date);
    let died = date - Duration::days(dice.whole(1, 40));
    let sex = Sex::any(dice);
    let mut person = Person::any(dice, sex, died, (38, 92));
    person.residence = place.detailed(dice);
    let pin = dice.chance(0.75).then(|| people::pin(dice, sex, person.dob.year()));
    let time = match dice.whole(0, 3) {
        0 => None,
        _ => Some(format!("{:02} giờ {:02} phút", dice.whole(0, 23), dice.whole(0, 59))),
    };
    let death_place = match dice.whole(0, 2) {
        0 => person.residence.clone(),
        1 => format!("Bệnh viện Đa khoa tỉnh {}", place.province),
        _ => format!("Trung tâm Y tế {}", place.address()),
    };
    let cause = dice.pick(&[
        "Già yếu",
        "Bệnh tim mạch",
        "Tai nạn giao thông",
        "Ung thư phổi",
        "Đột quỵ não",
        "Suy hô hấp",
    ]);
    let notice = dice.chance(0.6).then(|| {
        let number = format!("{:02}/{}", dice.whole(1, 200), dice.pick(&["GBT", "GBT-BV", "UBND-GBT"]));
        (number, death_place.clone(), died + Duration::days(dice.whole(0, 1)))
    });
    let reg_no = if dice.chance(0.7) {
        format!("{}/{}", dice.whole(1, 260), date.year())
    } else {
        dice.whole(1, 260).to_string()
    };
    let reg_place = format!("Ủy ban nhân dân {}", place.address());
    let declarant = dice.chance(0.6).then(|| {
        let sex = Sex::any(dice);
        Person::any(dice, sex, date, (25, 60))
    });
    let (signer_name, signer_title) = signer(dice);
    let issued = between(dice, date, ymd(2026, Month::September, 20).max(date));
    let copy_no = if dice.chance(0.5) {
        format!("{}/{}/TLKT-BS", dice.whole(1, 600), issued.year())
    } else {
        format!("{}/TLKT-BS", dice.whole(1, 600))
    };
    let agency = committee(&place, look.plan % 2 == 1);
    let number_above = press.choose(1, false, true);
    let under: Vec<(&str, &str)> = if number_above { vec![("Số:", &copy_no)] } else { Vec::new() };
    press.heading(&agency, &under);
    let dated = format!("{}, {}", place.titled(), dates::spelled(issued));
    if number_above {
        press.y += 4.0;
    }
    press.y += 22.0;
    let title: &[&str] = if press.choose(0, true, false) {
        &["TRÍCH LỤC KHAI TỬ"]
    } else {
        &["TRÍCH LỤC KHAI TỬ", "(BẢN SAO)"]
    };
    press.title(title, 18.0);
    if !number_above {
        let y = press.y;
        press.pair(WIDTH / 2.0, y, "Số:", &copy_no, true);
        press.y += 10.0;
    }
    press.y += 14.0;
    let identity = if look.old_tones { "Giấy tờ tuỳ thân:" } else { "Giấy tờ tùy thân:" };
    let dob = dates::slashed(person.dob);
    let name_label = if look.plan == 3 { "Họ và tên:" } else { "Họ, chữ đệm, tên:" };
    press.row(&[(name_label, Some(&person.name))], true);
    if press.choose(0, true, false) {
        press.row(&[("Ngày, tháng, năm sinh:", Some(&dob)), ("Giới tính:", Some(sex.word()))], false);
        press.row(&[("Dân tộc:", Some(person.ethnicity)), ("Quốc tịch:", Some("Việt Nam"))], false);
    } else {
        press.row(&[("Ngày, tháng, năm sinh:", Some(&dob))], false);
        press.row(
            &[
                ("Giới tính:", Some(sex.word())),
                ("Dân tộc:", Some(person.ethnicity)),
                ("Quốc tịch:", Some("Việt Nam")),
            ],
            false,
        );
    }
    press.row(&[("Số định danh cá nhân:", pin.as_deref())], false);
    press.row(&[("Nơi cư trú cuối cùng:", Some(&person.residence))], false);
    let id = person.id.text();
    press.row(&[(identity, Some(&id))], false);
    let day = match &time {
        Some(time) => format!("{time}, {}", dates::spelled(died)),
        None => dates::spelled(died),
    };
    press.row(&[("Đã chết vào lúc:", Some(&day))], false);
    press.row(&[("Nơi chết:", Some(&death_place))], false);
    press.row(&[("Nguyên nhân chết:", Some(cause))], false);
    let notice_text =
        notice.as_ref().map(|(number, by, on)| format!("{number} do {by} cấp {}", dates::spelled(*on)));
    press.row(&[("Số Giấy báo tử/Giấy tờ thay thế Giấy báo tử:", notice_text.as_deref())], false);
    press.row(&[("Nơi đăng ký khai tử:", Some(&reg_place))], false);
    let registered = dates::slashed(date);
    press.row(&[("Số đăng ký:", Some(&reg_no)), ("Ngày, tháng, năm đăng ký:", Some(&registered))], false);
    let declared = declarant.as_ref().map(|d| d.id.text());
    press.row(&[("Họ, chữ đệm, tên người đi khai tử:", declarant.as_ref().map(|d| d.name.as_str()))], false);
    press.row(&[(identity, declared.as_deref())], false);
    press.y += 6.0;
    let rim = committee_rim(&place);
    press.signature(
        415.0,
        &[
            (&dated, Weight::Italic),
            (press.choose(1, "NGƯỜI KÝ TRÍCH LỤC", "NGƯỜI THỰC HIỆN TRÍCH LỤC"), Weight::Bold),
            ("(Ký, ghi rõ họ, chữ đệm, tên, chức vụ và đóng dấu)", Weight::Small),
            (signer_title, Weight::Bold),
        ],
        &signer_name,
        Some((&rim.0, &rim.1)),
        dice,
    );
    let notice = notice.as_ref();
    let fields = vec![
        ("reg_no", json!(reg_no)),
        ("full_name", json!(person.name)),
        ("dob", json!(person.dob.to_string())),
        ("sex", json!(sex.word())),
        ("ethnicity", json!(person.ethnicity)),
        ("nationality", json!("Việt Nam")),
        ("pin", json!(pin)),
        ("last_residence", json!(person.residence)),
        ("id_doc", json!(id)),
        ("death_time", json!(time)),
        ("death_date", json!(died.to_string())),
        ("death_place", json!(death_place)),
        ("death_cause", json!(cause)),
        ("notice_no", json!(notice.map(|n| &n.0))),
        ("notice_place", json!(notice.map(|n| &n.1))),
        ("notice_date", json!(notice.map(|n| n.2.to_string()))),
        ("reg_place", json!(reg_place)),
        ("reg_date", json!(date.to_string())),
        ("declarant_name", json!(declarant.as_ref().map(|d| &d.name))),
        ("declarant_id_doc", json!(declared)),
        ("signer_name", json!(signer_name)),
        ("signer_title", json!(signer_title)),
        ("copy_no", json!(copy_no)),
    ];
    (press.sheets, fields)
}

/// A certificate of marital status.
pub(super) fn marital(dice: &mut Dice, look: &Look, dpi: u32, faces: (&Family, &Family)) -> Set {
    let mut press = Press::new(dice, look, dpi, faces);
    let date = between(dice, ymd(2020, Month::July, 20), ymd(2026, Month::September, 10));
    let place = Place::any(dice, date);
    let sex = Sex::any(dice);
    let mut person = Person::any(dice, sex, date, (20, 48));
    person.residence = place.detailed(dice);
    let id = person.id.text();
    let doc_no = format!("{:02}/UBND-XNTTHN", dice.whole(1, 900));
    let stay = dice.chance(0.6).then(|| {
        let from = date - Duration::days(dice.whole(700, 4000));
        (place.address(), from, date - Duration::days(dice.whole(1, 9)))
    });
    let other = people::name(dice, if sex == Sex::Male { Sex::Female } else { Sex::Male });
    let event = date - Duration::days(dice.whole(100, 2000));
    let (status, sentence) = match dice.whole(0, 4) {
        0 | 1 => ("chua_ket_hon", "Chưa đăng ký kết hôn với ai".to_owned()),
        2 => (
            "ly_hon",
            format!(
                "Đã đăng ký kết hôn, nhưng đã ly hôn theo Bản án ly hôn số {}/{}/HNGĐ-ST ngày {} của Tòa án nhân dân khu vực {} - {}; hiện tại chưa đăng ký kết hôn với ai",
                dice.whole(1, 200),
                event.year(),
                dates::slashed(event),
                dice.whole(1, 9),
                place.province
            ),
        ),
        3 => (
            "goa",
            format!(
                "Đã đăng ký kết hôn, nhưng {} đã chết (Trích lục khai tử số {}/{} do Ủy ban nhân dân {} cấp ngày {}); hiện tại chưa đăng ký kết hôn với ai",
                if sex == Sex::Male { "vợ" } else { "chồng" },
                dice.whole(1, 200),
                event.year(),
                place.address(),
                dates::slashed(event)
            ),
        ),
        _ => (
            "dang_co_vo_chong",
            format!(
                "Hiện tại đang có {} là {}",
                if sex == Sex::Male { "vợ" } else { "chồng" },
                if sex == Sex::Male { format!("bà {other}") } else { format!("ông {other}") }
            ),
        ),
    };
    let purpose = match dice.whole(0, 2) {
        0 => format!(
            "đăng ký kết hôn với {} {other} tại Ủy ban nhân dân {}",
            if sex == Sex::Male { "bà" } else { "ông" },
            place.address()
        ),
        1 => "làm thủ tục vay vốn ngân hàng".to_owned(),
        _ => "làm thủ tục chuyển nhượng quyền sử dụng đất".to_owned(),
    };
    let (signer_name, signer_title) = signer(dice);
    let self_asked = dice.chance(0.7);
    let requester = if self_asked {
        person.name.clone()
    } else {
        let s = Sex::any(dice);
        people::name(dice, s).to_uppercase()
    };
    let agency = committee(&place, look.plan.is_multiple_of(2));
    let dated = format!("{}, {}", place.titled(), dates::spelled(date));
    press.heading(&agency, &[("Số:", &doc_no)]);
    let y = press.y;
    let italic = super::sheet::Style::new(&press.labels.italic, 11.6);
    let at = press.choose(0, y - 6.0, y + 6.0);
    press.sheet().centered(412.0, at, &dated, italic);
    press.y = y + 34.0;
    press.title(&["GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN"], 16.0);
    press.y += 4.0;
    let who = format!("ỦY BAN NHÂN DÂN {}", place.capitals());
    press.line(&who, true, 12.4);
    press.y += 4.0;
    let asked = press.choose(1, "Xét đề nghị của ông/bà:", "Xét đề nghị của ông/bà (1):");
    press.row(&[(asked, Some(&requester))], true);
    press.row(&[("về việc cấp Giấy xác nhận tình trạng hôn nhân cho:", Some(&person.name))], false);
    press.line("XÁC NHẬN:", true, 12.4);
    let identity = if look.old_tones { "Giấy tờ tuỳ thân:" } else { "Giấy tờ tùy thân:" };
    let dob = dates::slashed(person.dob);
    press.row(&[(if look.plan == 5 { "Họ và tên:" } else { "Họ, chữ đệm, tên:" }, Some(&person.name))], true);
    press.row(&[("Ngày, tháng, năm sinh:", Some(&dob))], false);
    press.row(
        &[
            ("Giới tính:", Some(sex.word())),
            ("Dân tộc:", Some(person.ethnicity)),
            ("Quốc tịch:", Some("Việt Nam")),
        ],
        false,
    );
    press.row(&[(identity, Some(&id))], false);
    press.row(&[("Nơi cư trú:", Some(&person.residence))], false);
    if let Some((at, from, to)) = &stay {
        press.row(&[("Trong thời gian cư trú tại:", Some(at))], false);
        let (from, to) = (dates::spelled(*from), dates::spelled(*to));
        press.row(&[("từ", Some(&from)), ("đến", Some(&to))], false);
    }
    press.row(&[("Tình trạng hôn nhân:", Some(&sentence))], false);
    press.paragraph("Giấy này có giá trị 6 tháng kể từ ngày cấp, được sử dụng để:");
    press.row(&[("", Some(&purpose))], false);
    press.y += 8.0;
    let rim = committee_rim(&place);
    press.signature(
        415.0,
        &[
            (press.choose(1, "NGƯỜI KÝ GIẤY XÁC NHẬN", "NGƯỜI KÝ"), Weight::Bold),
            ("(Ký, ghi rõ họ, chữ đệm, tên, chức vụ và đóng dấu)", Weight::Small),
            (signer_title, Weight::Bold),
        ],
        &signer_name,
        Some((&rim.0, &rim.1)),
        dice,
    );
    let stay = stay.as_ref();
    let fields = vec![
        ("issuing_authority", json!(agency.join(" "))),
        ("doc_no", json!(doc_no)),
        ("issue_date", json!(date.to_string())),
        ("requester_name", json!(requester)),
        ("for_whom", json!(person.name)),
        ("full_name", json!(person.name)),
        ("dob", json!(person.dob.to_string())),
        ("sex", json!(sex.word())),
        ("ethnicity", json!(person.ethnicity)),
        ("nationality", json!("Việt Nam")),
        ("id_doc", json!(id)),
        ("residence", json!(person.residence)),
        ("stay_place", json!(stay.map(|s| &s.0))),
        ("stay_from", json!(stay.map(|s| s.1.to_string()))),
        ("stay_to", json!(stay.map(|s| s.2.to_string()))),
        ("marital_text", json!(sentence)),
        ("marital_status", json!(status)),
        ("valid_until", json!("6 tháng kể từ ngày cấp")),
        ("purpose", json!(purpose)),
        ("signer_name", json!(signer_name)),
        ("signer_title", json!(signer_title)),
    ];
    (press.sheets, fields)
}
