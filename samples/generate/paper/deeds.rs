//! Diplomas, certificates of business registration, land-use certificates.

use saoy::extract::text::grouped;
use serde_json::{Value, json};
use time::{Date, Duration, Month};

use super::cards::bare;
use super::civil::Set;
use super::dates::{self, between, ymd};
use super::dice::Dice;
use super::font::Family;
use super::ink::{self, Seal};
use super::numbers;
use super::people::{self, Place, Sex};
use super::press::{Press, Weight};
use super::recipe::Look;
use super::sheet::{BLACK, RED, Sheet, Style};

/// A diploma: of a university, in English at the left and Vietnamese at the right, or of an upper secondary school.
pub(super) fn diploma(dice: &mut Dice, look: &Look, dpi: u32, faces: (&Family, &Family)) -> Set {
    if dice.chance(0.6) { university(dice, look, dpi, faces) } else { school(dice, look, dpi, faces) }
}

/// A line of a diploma: label, value, and whether the value is large.
struct Spread<'a> {
    sheet: Sheet,
    labels: &'a Family,
    values: &'a Family,
    center: f32,
    half: f32,
    y: f32,
    size: f32,
    pitch: f32,
    tab: bool,
}

impl Spread<'_> {
    fn big(&mut self, text: &str, size: f32, ink: [u8; 3]) {
        let style = Style::new(&self.labels.bold, size).ink(ink);
        let style = Style { size: size * (2.0 * self.half / style.width(text)).min(1.0), ..style };
        let (center, y) = (self.center, self.y);
        self.sheet.centered(center, y, text, style);
        self.y += size * 1.45;
    }

    fn small(&mut self, text: &str) {
        let style = Style::new(&self.labels.italic, self.size);
        let (center, y) = (self.center, self.y);
        self.sheet.centered(center, y, text, style);
        self.y += self.pitch;
    }

    fn pair(&mut self, label: &str, value: &str, strong: bool) {
        let left = self.center - self.half;
        let end = self.sheet.text(left, self.y, label, Style::new(&self.labels.italic, self.size));
        let face = if strong { &self.values.bold } else { &self.values.regular };
        let x = if self.tab { (left + 0.48 * self.half * 2.0).max(end + 5.0) } else { end + 5.0 };
        self.sheet.text(x, self.y, value, Style::new(face, self.size + 0.4));
        self.sheet.say(format!("{label} {value}"));
        self.y += self.pitch;
    }
}

fn english_date(date: Date) -> String {
    format!("{:02} {} {}", date.day(), date.month(), date.year())
}

fn university(dice: &mut Dice, look: &Look, dpi: u32, faces: (&Family, &Family)) -> Set {
    let issued = between(dice, ymd(2012, Month::June, 1), ymd(2026, Month::August, 1));
    let year = issued.year();
    let sex = Sex::any(dice);
    let name = people::name(dice, sex);
    let dob = Date::from_calendar_date(year - dice.whole(22, 28) as i32, Month::January, 1)
        .expect("it exists")
        + Duration::days(dice.whole(0, 364));
    let place = Place::any(dice, issued);
    let (level, degree, degree_en) = *[
        ("cu_nhan", "BẰNG CỬ NHÂN", "THE DEGREE OF BACHELOR"),
        ("ky_su", "BẰNG KỸ SƯ", "THE DEGREE OF ENGINEER"),
        ("thac_si", "BẰNG THẠC SĨ", "THE DEGREE OF MASTER"),
        ("cao_dang", "BẰNG TỐT NGHIỆP CAO ĐẲNG", "THE COLLEGE DIPLOMA"),
    ]
    .get(dice.whole(0, 3) as usize)
    .expect("four of them");
    let (school, school_en) = *[
        ("TRƯỜNG ĐẠI HỌC SÔNG MÂY", "SONG MAY UNIVERSITY"),
        ("TRƯỜNG ĐẠI HỌC KINH TẾ NGÀN PHỐ", "NGAN PHO UNIVERSITY OF ECONOMICS"),
        ("TRƯỜNG ĐẠI HỌC BÁCH KHOA ĐỒI SIM", "DOI SIM UNIVERSITY OF TECHNOLOGY"),
        ("HỌC VIỆN HÀNH CHÍNH THANH GIANG", "THANH GIANG ACADEMY OF PUBLIC ADMINISTRATION"),
    ]
    .get(dice.whole(0, 3) as usize)
    .expect("four of them");
    let (field, field_en) = *[
        ("Kế toán", "Accounting"),
        ("Công nghệ thông tin", "Information Technology"),
        ("Quản trị kinh doanh", "Business Administration"),
        ("Sư phạm Toán học", "Mathematics Teacher Education"),
        ("Kỹ thuật xây dựng", "Civil Engineering"),
    ]
    .get(dice.whole(0, 4) as usize)
    .expect("five of them");
    let (class, class_en) =
        *[("Xuất sắc", "Excellent"), ("Giỏi", "Very good"), ("Khá", "Good"), ("Trung bình", "Average")]
            .get(dice.whole(0, 3) as usize)
            .expect("four of them");
    let (mode, mode_en) = *[
        ("Chính quy", "Full-time"),
        ("Vừa làm vừa học", "Part-time"),
        ("Đào tạo từ xa", "Distance learning"),
    ]
    .get(dice.whole(0, 2) as usize)
    .expect("three of them");
    let serial = if dice.chance(0.5) {
        format!("{:06}", dice.whole(1000, 999_999))
    } else {
        format!("{}{:06}", dice.pick(&["A", "B", "QH", "DS"]), dice.whole(1000, 999_999))
    };
    let book = format!("{}/{}/{year}", dice.whole(10, 900), dice.pick(&["C", "ĐHCQ", "CNTT"]));
    let signer_sex = Sex::any(dice);
    let signer = people::name(dice, signer_sex);
    let academy = school.starts_with("HỌC VIỆN");
    let title = if academy { "GIÁM ĐỐC" } else { "HIỆU TRƯỞNG" };
    let (width, height) = (841.89, 595.28);
    let shrink = if faces.0.regular_width() > 1.08 { 0.88 } else { 1.0 };
    let mut spread = Spread {
        sheet: Sheet::sized(dpi, width, height),
        labels: faces.0,
        values: faces.1,
        center: width * 0.25,
        half: 170.0,
        y: 62.0,
        size: look.measure().size * shrink,
        pitch: 20.5 * look.measure().pitch,
        tab: look.plan % 2 == 1,
    };
    spread.sheet.frame(24.0, 24.0, width - 24.0, height - 24.0, RED);
    let red = |on: bool| if on { RED } else { BLACK };
    let upon = if sex == Sex::Male { "Mr" } else { "Ms" };
    spread.big("SOCIALIST REPUBLIC OF VIET NAM", 11.5, BLACK);
    spread.big("Independence - Freedom - Happiness", 11.0, BLACK);
    spread.y += 12.0;
    spread.big(if academy { "THE PRESIDENT OF" } else { "THE RECTOR OF" }, 11.5, BLACK);
    spread.big(school_en, 13.0, BLACK);
    spread.small("has conferred");
    spread.big(degree_en, 17.0, red(look.red_title));
    let in_label = if look.plan.is_multiple_of(3) { "In:" } else { "Major:" };
    let name_en = format!("{upon} {}", capitalised(&bare(&name)));
    spread.pair(in_label, field_en, true);
    spread.pair("Upon:", &name_en, true);
    let dob_en = english_date(dob);
    spread.pair("Date of birth:", &dob_en, false);
    spread.pair("Year of graduation:", &year.to_string(), false);
    spread.pair("Degree classification:", class_en, false);
    spread.pair("Mode of study:", mode_en, false);
    spread.y = height - 96.0;
    let given = format!("{}, {}", bare_title(&place.commune), english_date(issued));
    spread.small(&given);
    // The Vietnamese side.
    spread.center = width * 0.75;
    spread.y = 62.0;
    spread.big(
        if look.old_tones {
            "CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM"
        } else {
            "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
        },
        11.5,
        BLACK,
    );
    spread.big("Độc lập - Tự do - Hạnh phúc", 11.0, BLACK);
    spread.y += 12.0;
    spread.big(title, 11.5, BLACK);
    spread.big(school, 13.0, BLACK);
    spread.small("cấp");
    spread.big(degree, 17.0, red(look.red_title));
    spread.pair(if look.plan.is_multiple_of(3) { "Ngành:" } else { "Ngành đào tạo:" }, field, true);
    let you = if look.plan.is_multiple_of(2) {
        "Cho:"
    } else if sex == Sex::Male {
        "Cho ông:"
    } else {
        "Cho bà:"
    };
    spread.pair(you, &name, true);
    spread.pair("Ngày sinh:", &dates::slashed(dob), false);
    spread.pair("Năm tốt nghiệp:", &year.to_string(), false);
    spread.pair("Xếp loại tốt nghiệp:", class, false);
    spread.pair("Hình thức đào tạo:", mode, false);
    spread.y += 4.0;
    let dated = format!("{}, {}", place.commune, dates::spelled(issued));
    let foot = spread.y;
    spread.center = width * 0.82;
    spread.half = 120.0;
    spread.small(&dated);
    spread.big(title, 11.5, BLACK);
    let name_y = (spread.y + 58.0).min(height - 52.0);
    ink::sign(&mut spread.sheet, width * 0.82 - 46.0, (spread.y + name_y) / 2.0 + 3.0, 100.0, dice);
    spread.y = name_y;
    spread.big(&signer, 12.0, BLACK);
    let seal = Seal { top: school, bottom: "BỘ GIÁO DỤC VÀ ĐÀO TẠO", font: &faces.0.bold };
    let offset = if look.seal_on_signer { dice.real(26.0, 40.0) } else { dice.real(66.0, 80.0) };
    seal.stamp(&mut spread.sheet, width * 0.82 - offset, name_y - dice.real(20.0, 30.0), dice);
    spread.center = width * 0.75;
    spread.half = 190.0;
    spread.tab = false;
    spread.y = (foot + 92.0).min(height - 62.0);
    let left = spread.center - spread.half;
    let style = Style::new(&faces.0.regular, spread.size - 1.0);
    let end = spread.sheet.text(left, spread.y, "Số hiệu:", style);
    spread.sheet.text(end + 4.0, spread.y, &serial, Style::new(&faces.1.bold, spread.size - 0.4).ink(RED));
    spread.sheet.say(format!("Số hiệu: {serial}"));
    spread.y += 17.0;
    let end = spread.sheet.text(left, spread.y, "Số vào sổ gốc cấp bằng:", style);
    spread.sheet.text(end + 4.0, spread.y, &book, Style::new(&faces.1.regular, spread.size - 0.4));
    spread.sheet.say(format!("Số vào sổ gốc cấp bằng: {book}"));
    let fields = vec![
        ("level", json!(level)),
        ("degree", json!(degree)),
        ("school", json!(school)),
        ("full_name", json!(name)),
        ("dob", json!(dob.to_string())),
        ("sex", Value::Null),
        ("ethnicity", Value::Null),
        ("birth_place", Value::Null),
        ("field_of_study", json!(field)),
        ("graduation_year", json!(year.to_string())),
        ("exam_session", Value::Null),
        ("classification", json!(class)),
        ("mode_of_study", json!(mode)),
        ("serial_no", json!(serial)),
        ("book_entry_no", json!(book)),
        ("issue_place", json!(place.commune)),
        ("issue_date", json!(issued.to_string())),
        ("signer_name", json!(signer)),
        ("signer_title", json!(title)),
        ("en.degree", json!(degree_en)),
        ("en.school", json!(school_en)),
        ("en.full_name", json!(name_en)),
        ("en.dob", json!(dob_en)),
        ("en.field_of_study", json!(field_en)),
        ("en.graduation_year", json!(year.to_string())),
        ("en.classification", json!(class_en)),
        ("en.mode_of_study", json!(mode_en)),
    ];
    (vec![spread.sheet], fields)
}

fn capitalised(text: &str) -> String {
    let word = |w: &str| {
        let mut c = w.chars();
        c.next().map_or(String::new(), |f| f.to_string() + &c.as_str().to_lowercase())
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn bare_title(text: &str) -> String {
    capitalised(&bare(text))
}

fn school(dice: &mut Dice, look: &Look, dpi: u32, faces: (&Family, &Family)) -> Set {
    let issued = between(dice, ymd(2008, Month::July, 10), ymd(2026, Month::August, 1));
    let year = issued.year();
    let sex = Sex::any(dice);
    let name = people::name(dice, sex);
    let dob = Date::from_calendar_date(year - 18, Month::January, 1).expect("it exists")
        + Duration::days(dice.whole(0, 364));
    let place = Place::any(dice, issued);
    let ethnicity = people::ethnicity(dice);
    let birth_place = format!("Tỉnh {}", place.province);
    let school = format!("THPT {}", dice.pick(&["Sông Mây", "Đồi Sim", "Ngàn Phố", "Bờ Sông"]));
    let session = format!("ngày {:02} tháng 6 năm {year}", dice.whole(20, 28));
    let class = dice.pick(&["Giỏi", "Khá", "Trung bình"]);
    let serial = format!("{} {:07}", dice.pick(&["A", "B", "AP"]), dice.whole(100_000, 9_999_999));
    let book = format!("{:04}/{}", dice.whole(1, 4000), dice.pick(&["GDTX", "THPT", "QĐ-SGD"]));
    let signer_sex = Sex::any(dice);
    let signer = people::name(dice, signer_sex);
    let (width, height) = (841.89, 595.28);
    let shrink = if faces.0.regular_width() > 1.08 { 0.9 } else { 1.0 };
    let mut spread = Spread {
        sheet: Sheet::sized(dpi, width, height),
        labels: faces.0,
        values: faces.1,
        center: width / 2.0,
        half: 290.0,
        y: 64.0,
        size: look.measure().size * 1.08 * shrink,
        pitch: 22.5 * look.measure().pitch,
        tab: false,
    };
    spread.sheet.frame(26.0, 26.0, width - 26.0, height - 26.0, RED);
    spread.big(
        if look.old_tones {
            "CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM"
        } else {
            "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
        },
        13.0,
        BLACK,
    );
    spread.big("Độc lập - Tự do - Hạnh phúc", 12.0, BLACK);
    spread.y += 8.0;
    spread.big("GIÁM ĐỐC SỞ GIÁO DỤC VÀ ĐÀO TẠO", 12.5, BLACK);
    spread.small("cấp");
    spread.big("BẰNG TỐT NGHIỆP TRUNG HỌC PHỔ THÔNG", 20.0, if look.red_title { RED } else { BLACK });
    spread.half = 250.0;
    spread.pair(if look.plan.is_multiple_of(2) { "Cho:" } else { "Cấp cho:" }, &name, true);
    let line = |spread: &mut Spread<'_>, parts: &[(f32, &str, &str)]| {
        let mut said = Vec::new();
        for (x, label, value) in parts {
            let at = spread.center - spread.half + x;
            let end = spread.sheet.text(at, spread.y, label, Style::new(&spread.labels.italic, spread.size));
            spread.sheet.text(
                end + 5.0,
                spread.y,
                value,
                Style::new(&spread.values.regular, spread.size + 0.4),
            );
            said.push(format!("{label} {value}"));
        }
        spread.sheet.say(said.join(" "));
        spread.y += spread.pitch;
    };
    let born = dates::slashed(dob);
    if look.plan.is_multiple_of(2) {
        line(&mut spread, &[(0.0, "Ngày sinh:", &born), (270.0, "Nơi sinh:", &birth_place)]);
        line(&mut spread, &[(0.0, "Giới tính:", sex.word()), (270.0, "Dân tộc:", ethnicity)]);
        line(&mut spread, &[(0.0, "Học sinh trường:", &school)]);
    } else {
        line(
            &mut spread,
            &[(0.0, "Ngày sinh:", &born), (200.0, "Giới tính:", sex.word()), (340.0, "Dân tộc:", ethnicity)],
        );
        line(&mut spread, &[(0.0, "Nơi sinh:", &birth_place)]);
        line(&mut spread, &[(0.0, "Học sinh trường:", &school)]);
    }
    line(&mut spread, &[(0.0, "Khóa thi:", &session), (300.0, "Xếp loại tốt nghiệp:", class)]);
    let foot = spread.y + 6.0;
    spread.y = foot;
    spread.center = width * 0.73;
    spread.half = 140.0;
    spread.small(&format!("{}, {}", place.province, dates::spelled(issued)));
    spread.big("GIÁM ĐỐC", 12.0, BLACK);
    let name_y = (spread.y + 60.0).min(height - 46.0);
    ink::sign(&mut spread.sheet, width * 0.73 - 46.0, (spread.y + name_y) / 2.0 + 3.0, 104.0, dice);
    spread.y = name_y;
    spread.big(&signer, 12.5, BLACK);
    let seal = Seal {
        top: "SỞ GIÁO DỤC VÀ ĐÀO TẠO",
        bottom: &format!("TỈNH {}", place.province.to_uppercase()),
        font: &faces.0.bold,
    };
    let offset = if look.seal_on_signer { dice.real(26.0, 42.0) } else { dice.real(68.0, 84.0) };
    seal.stamp(&mut spread.sheet, width * 0.73 - offset, name_y - dice.real(20.0, 32.0), dice);
    spread.y = foot + 66.0;
    let left = 92.0;
    let style = Style::new(&faces.0.regular, spread.size - 0.6);
    let end = spread.sheet.text(left, spread.y, "Số hiệu:", style);
    spread.sheet.text(end + 4.0, spread.y, &serial, Style::new(&faces.1.bold, spread.size).ink(RED));
    spread.sheet.say(format!("Số hiệu: {serial}"));
    spread.y += 19.0;
    let end = spread.sheet.text(left, spread.y, "Số vào sổ cấp bằng:", style);
    spread.sheet.text(end + 4.0, spread.y, &book, Style::new(&faces.1.regular, spread.size));
    spread.sheet.say(format!("Số vào sổ cấp bằng: {book}"));
    let mut fields = vec![
        ("level", json!("thpt")),
        ("degree", json!("BẰNG TỐT NGHIỆP TRUNG HỌC PHỔ THÔNG")),
        ("school", json!(school)),
        ("full_name", json!(name)),
        ("dob", json!(dob.to_string())),
        ("sex", json!(sex.word())),
        ("ethnicity", json!(ethnicity)),
        ("birth_place", json!(birth_place)),
        ("field_of_study", Value::Null),
        ("graduation_year", Value::Null),
        ("exam_session", json!(session)),
        ("classification", json!(class)),
        ("mode_of_study", Value::Null),
        ("serial_no", json!(serial.replace(' ', ""))),
        ("book_entry_no", json!(book)),
        ("issue_place", json!(place.province)),
        ("issue_date", json!(issued.to_string())),
        ("signer_name", json!(signer)),
        ("signer_title", json!("GIÁM ĐỐC")),
    ];
    let english = [
        "en.degree",
        "en.school",
        "en.full_name",
        "en.dob",
        "en.field_of_study",
        "en.graduation_year",
        "en.classification",
        "en.mode_of_study",
    ];
    fields.extend(english.map(|name| (name, Value::Null)));
    (vec![spread.sheet], fields)
}

/// Ten digits, the last their check digit (facts/vietnam.md 3.0), the first three 999.
fn enterprise_no(dice: &mut Dice) -> String {
    loop {
        let head = format!("999{:06}", dice.whole(0, 999_999));
        let weights = [31, 29, 23, 19, 17, 13, 7, 5, 3];
        let sum: u32 = head.chars().zip(weights).map(|(c, w)| (c as u32 - '0' as u32) * w).sum();
        let last = 10 - sum % 11;
        if last < 10 {
            return format!("{head}{last}");
        }
    }
}

/// A certificate of business registration: of a limited company with one owner or several members.
pub(super) fn business(dice: &mut Dice, look: &Look, dpi: u32, faces: (&Family, &Family)) -> Set {
    let mut press = Press::new(dice, look, dpi, faces);
    press.size = press.size.min(11.8);
    press.pitch *= 0.86;
    let first = between(dice, ymd(2009, Month::March, 2), ymd(2026, Month::May, 28));
    let changes = if dice.chance(0.6) { dice.whole(1, 12) } else { 0 };
    let changed =
        (changes > 0).then(|| between(dice, first + Duration::days(30), ymd(2026, Month::September, 10)));
    let last = changed.unwrap_or(first);
    let place = Place::any(dice, last);
    let number = enterprise_no(dice);
    let (core, core_en) = *[
        ("VẬN TẢI SÔNG MÂY", "SONG MAY TRANSPORT"),
        ("THƯƠNG MẠI VÀ DỊCH VỤ ĐỒI SIM", "DOI SIM TRADING AND SERVICE"),
        ("XÂY DỰNG NGÀN PHỐ", "NGAN PHO CONSTRUCTION"),
        ("NÔNG SẢN LÚA VÀNG", "LUA VANG AGRICULTURE"),
        ("CÔNG NGHỆ SAO KHUÊ", "SAO KHUE TECHNOLOGY"),
    ]
    .get(dice.whole(0, 4) as usize)
    .expect("five of them");
    let several = dice.chance(0.4);
    let name_vi = format!("CÔNG TY TNHH {core}");
    let name_foreign = dice.chance(0.7).then(|| format!("{core_en} COMPANY LIMITED"));
    let name_short = dice
        .chance(0.5)
        .then(|| format!("{} CO., LTD", core_en.split(' ').take(2).collect::<Vec<_>>().join(" ")));
    let head_office = place.detailed(dice);
    let phone = dice.chance(0.8).then(|| format!("09{:08}", dice.whole(0, 99_999_999)));
    let email = dice.chance(0.4).then(|| format!("lienhe{}@vidu.vn", dice.whole(1, 99)));
    let website = dice.chance(0.2).then(|| "www.vidu.vn".to_owned());
    let millions = dice.pick(&[&[500_i64], &[1000], &[1900], &[3500], &[9900], &[20000], &[150]])[0];
    let capital = grouped(millions as u64 * 1_000_000);
    let capital_words = format!("{} đồng", numbers::in_words(millions as u64 * 1_000_000));
    let sex = Sex::any(dice);
    let representative = people::name(dice, sex).to_uppercase();
    let dob = last - Duration::days(dice.whole(24 * 366, 62 * 365));
    let ethnicity = people::ethnicity(dice);
    let id_no = people::pin(dice, sex, dob.year());
    let id_date = last - Duration::days(dice.whole(60, 1500));
    let id_place = "Cục Cảnh sát quản lý hành chính về trật tự xã hội";
    let residence = Place::any(dice, last).detailed(dice);
    let job = dice.pick(&["Giám đốc", "Tổng giám đốc", "Chủ tịch Hội đồng thành viên"]);
    let authority_parent = if last >= ymd(2025, Month::March, 1) {
        "SỞ TÀI CHÍNH"
    } else {
        "SỞ KẾ HOẠCH VÀ ĐẦU TƯ"
    };
    let authority = [
        format!("{authority_parent} TỈNH {}", place.province.to_uppercase()),
        "PHÒNG ĐĂNG KÝ KINH DOANH".to_owned(),
    ];
    let (signer_sex, title) = (Sex::any(dice), dice.pick(&["TRƯỞNG PHÒNG", "PHÓ TRƯỞNG PHÒNG"]));
    let signer = people::name(dice, signer_sex);
    press.heading(&authority, &[]);
    press.y += 22.0;
    press.title(&["GIẤY CHỨNG NHẬN ĐĂNG KÝ DOANH NGHIỆP"], 15.5);
    let kind = if several {
        "CÔNG TY TRÁCH NHIỆM HỮU HẠN HAI THÀNH VIÊN TRỞ LÊN"
    } else {
        "CÔNG TY TRÁCH NHIỆM HỮU HẠN MỘT THÀNH VIÊN"
    };
    press.line(kind, true, 11.0);
    press.y += 2.0;
    let y = press.y;
    press.pair(super::sheet::WIDTH / 2.0, y, "Mã số doanh nghiệp:", &number, true);
    press.y += 17.0;
    press.line(&format!("Đăng ký lần đầu: {}", dates::spelled(first)), false, 11.2);
    if let Some(changed) = changed {
        press.line(&format!("Đăng ký thay đổi lần thứ: {changes}, {}", dates::spelled(changed)), false, 11.2);
    }
    press.y += 6.0;
    press.section("1. Tên công ty");
    press.row(&[("Tên công ty viết bằng tiếng Việt:", Some(&name_vi))], true);
    press.row(&[("Tên công ty viết bằng tiếng nước ngoài:", name_foreign.as_deref())], false);
    press.row(&[("Tên công ty viết tắt:", name_short.as_deref())], false);
    press.section("2. Địa chỉ trụ sở chính");
    press.row(&[("", Some(&head_office))], false);
    press.row(&[("Điện thoại:", phone.as_deref()), ("Fax:", None)], false);
    press.row(&[("Email:", email.as_deref()), ("Website:", website.as_deref())], false);
    let capital_label =
        if look.plan.is_multiple_of(2) { "3. Vốn điều lệ:" } else { "3. Vốn điều lệ :" };
    let capital_text = format!("{capital} đồng");
    press.row(&[(capital_label, Some(&capital_text))], true);
    press.row(&[("Bằng chữ:", Some(&capital_words))], false);
    let mut members = Vec::new();
    let owner = if several {
        press.section("4. Danh sách thành viên góp vốn");
        members = member_table(&mut press, dice, millions);
        None
    } else {
        press.section("4. Thông tin về chủ sở hữu");
        press.row(&[("Họ và tên:", Some(&representative))], true);
        press.row(&[("Số giấy tờ pháp lý của cá nhân:", Some(&id_no))], false);
        Some((representative.clone(), id_no.clone()))
    };
    press.section("5. Người đại diện theo pháp luật của công ty");
    press.row(&[("* Họ và tên:", Some(&representative)), ("Giới tính:", Some(sex.word()))], true);
    press.row(&[("Chức danh:", Some(job))], false);
    let born = dates::slashed(dob);
    press.row(
        &[("Sinh ngày:", Some(&born)), ("Dân tộc:", Some(ethnicity)), ("Quốc tịch:", Some("Việt Nam"))],
        false,
    );
    press.row(&[("Loại giấy tờ pháp lý của cá nhân:", Some("Căn cước công dân"))], false);
    press.row(&[("Số giấy tờ pháp lý của cá nhân:", Some(&id_no))], false);
    let dated = dates::slashed(id_date);
    press.row(&[("Ngày cấp:", Some(&dated)), ("Nơi cấp:", Some(id_place))], false);
    press.row(&[("Địa chỉ liên lạc:", Some(&residence))], false);
    press.y += 6.0;
    let rim = format!("TỈNH {}", place.province.to_uppercase());
    press.signature(
        425.0,
        &[(title, Weight::Bold), ("(Ký, ghi họ tên và đóng dấu)", Weight::Small)],
        &signer,
        Some(("PHÒNG ĐĂNG KÝ KINH DOANH", &rim)),
        dice,
    );
    let members = if members.is_empty() { Value::Null } else { json!(members) };
    let fields = vec![
        ("enterprise_no", json!(number)),
        ("first_reg_date", json!(first.to_string())),
        ("change_count", if changes > 0 { json!(changes.to_string()) } else { Value::Null }),
        ("change_date", json!(changed.map(|d| d.to_string()))),
        ("name_vi", json!(name_vi)),
        ("name_foreign", json!(name_foreign)),
        ("name_short", json!(name_short)),
        ("head_office", json!(head_office)),
        ("phone", json!(phone)),
        ("email", json!(email)),
        ("website", json!(website)),
        ("charter_capital", json!(capital)),
        ("charter_capital_words", json!(capital_words)),
        ("owner.name", json!(owner.as_ref().map(|o| &o.0))),
        ("owner.id_no", json!(owner.as_ref().map(|o| &o.1))),
        ("representative.name", json!(representative)),
        ("representative.sex", json!(sex.word())),
        ("representative.title", json!(job)),
        ("representative.dob", json!(dob.to_string())),
        ("representative.ethnicity", json!(ethnicity)),
        ("representative.nationality", json!("Việt Nam")),
        ("representative.id_type", json!("Căn cước công dân")),
        ("representative.id_no", json!(id_no)),
        ("representative.id_date", json!(id_date.to_string())),
        ("representative.id_place", json!(id_place)),
        ("representative.residence", json!(residence)),
        ("members", members),
        ("issuing_authority", json!(authority.join(" "))),
        ("signer_name", json!(signer)),
    ];
    (press.sheets, fields)
}

/// The members with their shares, one line each; gives the lines.
fn member_table(press: &mut Press<'_>, dice: &mut Dice, millions: i64) -> Vec<String> {
    let share = dice.whole(3, 7);
    (0..2)
        .map(|i| {
            let sex = Sex::any(dice);
            let part = if i == 0 { share } else { 10 - share };
            let line = format!(
                "{}, vốn góp {} đồng, tỷ lệ {}0%",
                people::name(dice, sex).to_uppercase(),
                grouped((millions * 100_000 * part) as u64),
                part
            );
            let style = Style::new(&press.values.regular, press.size);
            let (x, y) = (press.left, press.y);
            let said = format!("{}. {line}", i + 1);
            press.sheet().text(x, y, &said, style);
            press.sheet().say(said.clone());
            press.y += press.pitch;
            said
        })
        .collect()
}

/// A land-use certificate on the two-page form of 2025.
pub(super) fn land(dice: &mut Dice, look: &Look, dpi: u32, faces: (&Family, &Family)) -> Set {
    let mut press = Press::new(dice, look, dpi, faces);
    press.size = press.size.min(12.0);
    press.pitch *= 0.94;
    let issued = between(dice, ymd(2025, Month::January, 6), ymd(2026, Month::September, 10));
    let place = Place::any(dice, issued);
    let couple = dice.chance(0.5);
    let residence = place.detailed(dice);
    let mut owners = Vec::new();
    for sex in if couple { vec![Sex::Male, Sex::Female] } else { vec![Sex::any(dice)] } {
        let born = dice.whole(1948, 2000) as i32;
        let name = people::name(dice, sex);
        let pin = people::pin(dice, sex, born);
        let word = if sex == Sex::Male { "Ông" } else { "Bà" };
        let name = if dice.chance(0.4) { name.to_uppercase() } else { name };
        owners.push(format!("{word}: {name}, năm sinh: {born}, CCCD số: {pin}"));
    }
    let parcel = dice.whole(1, 900).to_string();
    let map = dice.whole(1, 120).to_string();
    let parcel_address = place.detailed(dice);
    let tenths = dice.whole(450, 19_999);
    let area = format!("{},{}", grouped(tenths as u64 / 10), tenths % 10);
    let area_words = format!(
        "{} phẩy {} mét vuông",
        numbers::in_words(tenths as u64 / 10),
        numbers::in_words(tenths as u64 % 10).to_lowercase()
    );
    let use_form = dice.pick(&["Sử dụng riêng", "Sử dụng chung"]);
    let (purpose, term) = *[
        ("Đất ở tại nông thôn", "Lâu dài"),
        ("Đất ở tại đô thị", "Lâu dài"),
        ("Đất trồng cây lâu năm", "Đến ngày 15/10/2043"),
        ("Đất chuyên trồng lúa", "Đến ngày 15/10/2063"),
    ]
    .get(dice.whole(0, 3) as usize)
    .expect("four of them");
    let origin = dice.pick(&[
        "Nhà nước giao đất có thu tiền sử dụng đất",
        "Công nhận quyền sử dụng đất như giao đất có thu tiền sử dụng đất",
        "Nhận chuyển nhượng đất được Công nhận quyền sử dụng đất như giao đất có thu tiền sử dụng đất",
    ]);
    let assets = dice.chance(0.5).then(|| {
        format!(
            "Nhà ở riêng lẻ, diện tích xây dựng {} m2, cấp {}",
            dice.whole(48, 160),
            dice.pick(&["III", "IV"])
        )
    });
    let notes = dice.chance(0.4).then(|| "Thửa đất có hạn chế hành lang an toàn giao thông".to_owned());
    let serial = format!(
        "{}{} {:08}",
        dice.pick(&["A", "B", "D"]),
        dice.pick(&["A", "B", "C", "K"]),
        dice.whole(1000, 99_999_999)
    );
    let code = format!("{:013}", dice.whole(9_990_000_000_000, 9_999_999_999_999));
    let book = format!("{}{:05}", dice.pick(&["CS", "CN", "VP"]), dice.whole(1, 99_999));
    let change = dice.chance(0.3).then(|| {
        let on = between(dice, issued, ymd(2026, Month::September, 20).max(issued));
        format!(
            "{}: Thế chấp quyền sử dụng đất tại Ngân hàng Lúa Vàng theo hồ sơ số {:06}",
            dates::slashed(on),
            dice.whole(1, 999_999)
        )
    });
    let by_office = dice.chance(0.5);
    let authority = if by_office {
        "CHI NHÁNH VĂN PHÒNG ĐĂNG KÝ ĐẤT ĐAI".to_owned()
    } else {
        format!("ỦY BAN NHÂN DÂN {}", place.capitals())
    };
    let title = if by_office { "GIÁM ĐỐC" } else { "CHỦ TỊCH" };
    let signer_sex = Sex::any(dice);
    let signer = people::name(dice, signer_sex);
    let qr = format!("{}|{code}|{parcel}|{map}", serial.replace(' ', ""));
    press.heading(&[], &[]);
    press.y += 30.0;
    let red = Style::new(&press.labels.bold, 15.0).ink(RED);
    for line in ["GIẤY CHỨNG NHẬN", "QUYỀN SỬ DỤNG ĐẤT, QUYỀN SỞ HỮU TÀI SẢN GẮN LIỀN VỚI ĐẤT"]
    {
        let style = Style { size: 15.0 * (440.0 / red.width(line)).min(1.0), ..red };
        let y = press.y;
        press.sheet().centered(super::sheet::WIDTH / 2.0, y, line, style);
        press.y += 20.0;
    }
    let (qr_x, qr_y) = (press.right - 62.0, press.y - 4.0);
    press.sheet().code(qr_x, qr_y, 60.0, &qr);
    let y = press.y + 12.0;
    press.pair(press.left + 110.0, y, "Mã Giấy chứng nhận:", &code, false);
    press.y += 74.0;
    press.section("1. Người sử dụng đất, chủ sở hữu tài sản gắn liền với đất:");
    for owner in &owners {
        press.row(&[("", Some(owner))], true);
    }
    press.row(&[("Địa chỉ:", Some(&residence))], false);
    press.section("2. Thông tin thửa đất:");
    press.row(&[("a) Thửa đất số:", Some(&parcel)), ("Tờ bản đồ số:", Some(&map))], false);
    let area_text = format!("{area} m²");
    if look.plan.is_multiple_of(2) {
        press.row(&[("b) Diện tích:", Some(&area_text))], false);
        press.row(&[("(bằng chữ:", Some(&format!("{area_words})")))], false);
        press.row(&[("c) Loại đất:", Some(purpose))], false);
        press.row(&[("d) Thời hạn sử dụng đất:", Some(term))], false);
        press.row(&[("đ) Hình thức sử dụng đất:", Some(use_form))], false);
        press.row(&[("e) Địa chỉ thửa đất:", Some(&parcel_address))], false);
    } else {
        press.row(&[("b) Địa chỉ thửa đất:", Some(&parcel_address))], false);
        press.row(&[("c) Diện tích:", Some(&area_text))], false);
        press.row(&[("(bằng chữ:", Some(&format!("{area_words})")))], false);
        press.row(&[("d) Hình thức sử dụng đất:", Some(use_form))], false);
        press.row(&[("đ) Loại đất:", Some(purpose))], false);
        press.row(&[("e) Thời hạn sử dụng đất:", Some(term))], false);
    }
    press.row(&[("g) Nguồn gốc sử dụng đất:", Some(origin))], false);
    press.row(&[("3. Thông tin tài sản gắn liền với đất:", Some(assets.as_deref().unwrap_or("-/-")))], false);
    press.y += 8.0;
    let dated = format!("{}, {}", place.titled(), dates::spelled(issued));
    let rim = format!("TỈNH {}", place.province.to_uppercase());
    press.signature(
        410.0,
        &[(&dated, Weight::Italic), (&authority, Weight::Bold), (title, Weight::Bold)],
        &signer,
        Some((&authority, &rim)),
        dice,
    );
    let y = 812.0;
    press.pair(press.left + 100.0, y, "Số phát hành:", &serial, true);
    press.next_sheet();
    press.section("4. Sơ đồ thửa đất, tài sản gắn liền với đất:");
    let (left, y) = (press.left, press.y);
    press.sheet().frame(left + 120.0, y + 10.0, left + 300.0, y + 150.0, BLACK);
    press.y += 190.0;
    press.row(&[("5. Ghi chú:", Some(notes.as_deref().unwrap_or("-/-")))], false);
    press.section("6. Những thay đổi sau khi cấp Giấy chứng nhận:");
    if let Some(change) = &change {
        press.row(&[("", Some(change))], false);
    }
    press.y += 40.0;
    press.row(&[("Số vào sổ cấp Giấy chứng nhận:", Some(&book))], true);
    let fields = vec![
        ("serial_no", json!(serial.replace(' ', ""))),
        ("certificate_code", json!(code)),
        ("book_entry_no", json!(book)),
        ("owners", json!(owners)),
        ("owners_residence", json!(residence)),
        ("parcel_no", json!(parcel)),
        ("map_sheet_no", json!(map)),
        ("parcel_address", json!(parcel_address)),
        ("area_m2", json!(area)),
        ("area_words", json!(area_words)),
        ("use_form", json!(use_form)),
        ("purpose", json!(purpose)),
        ("term", json!(term)),
        ("origin", json!(origin)),
        ("assets", json!(assets)),
        ("notes", json!(notes)),
        ("changes", change.map_or(Value::Null, |c| json!([c]))),
        ("issuing_authority", json!(authority)),
        ("issue_date", json!(issued.to_string())),
        ("signer_name", json!(signer)),
        ("qr", json!(qr)),
    ];
    (press.sheets, fields)
}
