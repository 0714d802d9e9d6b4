//! Cards: identity cards of both kinds, driving licences, vehicle registrations. Both sides are copied onto one A4 sheet, the front
//! above the back, enlarged as copiers at counters are set.

use serde_json::json;
use time::{Date, Duration, Month};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::civil::Set;
use super::dates::{between, ymd};
use super::dice::Dice;
use super::font::{self, Family};
use super::people::{self, Place, Sex};
use super::recipe::Look;
use super::sheet::{RED, Sheet, Style, WIDTH};

/// An ID-1 card in points.
const CARD: (f32, f32) = (242.6, 153.0);

/// One side being set: positions in the card's own points, from its corner.
struct Side<'a> {
    sheet: Sheet,
    labels: &'a Family,
    values: &'a Family,
    look: &'a Look,
    x: f32,
    y: f32,
    /// Enlargement.
    k: f32,
}

impl<'a> Side<'a> {
    fn new(look: &'a Look, dpi: u32, faces: (&'a Family, &'a Family)) -> Self {
        let k = [1.85, 1.7, 1.9, 2.0, 1.75, 1.8][usize::from(look.plan % 6)];
        let mut side =
            Self { sheet: Sheet::new(dpi), labels: faces.0, values: faces.1, look, x: 0.0, y: 44.0, k };
        side.x = (WIDTH - CARD.0 * k) / 2.0;
        side.ground();
        side
    }

    /// The other side, below.
    fn turn(&mut self) {
        self.y += CARD.1 * self.k + 36.0;
        self.ground();
    }

    fn ground(&mut self) {
        let tint = [
            [226, 238, 240],
            [240, 232, 226],
            [230, 240, 228],
            [244, 240, 222],
            [228, 232, 244],
            [242, 228, 234],
        ][usize::from(self.look.plan % 6)];
        let (x0, y0) = (self.sheet.px(self.x) as i64, self.sheet.px(self.y) as i64);
        let (w, h) = (self.sheet.px(CARD.0 * self.k) as i64, self.sheet.px(CARD.1 * self.k) as i64);
        for y in y0..y0 + h {
            for x in x0..x0 + w {
                // Guilloche: two families of faint waves.
                let (u, v) = ((x - x0) as f32 / self.sheet.dpi, (y - y0) as f32 / self.sheet.dpi);
                let wave =
                    (u * 22.0 + (v * 9.0).sin() * 2.0).sin() * (v * 17.0 + (u * 7.0).sin() * 2.0).sin();
                let cover = 0.75 + 0.2 * wave;
                self.sheet.blend(x, y, tint, cover.clamp(0.0, 1.0));
            }
        }
    }

    /// A picture's place: a grey square.
    fn photo(&mut self, x: f32, y: f32, w: f32, h: f32) {
        let px = |p: f32, o: f32| self.sheet.px(o + p * self.k) as i64;
        let (x0, x1, y0, y1) = (px(x, self.x), px(x + w, self.x), px(y, self.y), px(y + h, self.y));
        for py in y0..y1 {
            for p in x0..x1 {
                let (u, v) = ((p - x0) as f32 / (x1 - x0) as f32 - 0.5, (py - y0) as f32 / (y1 - y0) as f32);
                let head = u.hypot(v - 0.42) < 0.24 || (v > 0.7 && u.abs() < 0.42);
                self.sheet.blend(p, py, if head { [128, 112, 104] } else { [196, 206, 214] }, 1.0);
            }
        }
    }

    fn style(&self, size: f32, bold: bool, value: bool) -> Style<'a> {
        let family = if value { self.values } else { self.labels };
        let shrink = if family.regular_width() > 1.08 { 0.9 } else { 1.0 };
        Style::new(if bold { &family.bold } else { &family.regular }, size * self.k * shrink)
    }

    fn put(&mut self, x: f32, y: f32, text: &str, style: Style<'_>) -> f32 {
        let end = self.sheet.text(self.x + x * self.k, self.y + y * self.k, text, style);
        (end - self.x) / self.k
    }

    fn say(&mut self, line: impl Into<String>) {
        self.sheet.say(line);
    }

    fn centered(&mut self, x: f32, y: f32, text: &str, style: Style<'_>) {
        let wide = style.width(text) / self.k;
        self.put(x - wide / 2.0, y, text, style);
        self.say(text);
    }

    /// A label and its value on one line.
    fn pair(&mut self, x: f32, y: f32, label: &str, value: &str) {
        let end = self.put(x, y, label, self.style(5.6, false, false));
        self.put(end + 3.0, y, value, self.style(6.4, true, true));
        self.say(format!("{label} {value}"));
    }

    /// Labels and values side by side on one line.
    fn pairs(&mut self, y: f32, parts: &[(f32, &str, &str)]) {
        let mut said = Vec::new();
        for (x, label, value) in parts {
            let end = self.put(*x, y, label, self.style(5.6, false, false));
            self.put(end + 3.0, y, value, self.style(6.4, true, true));
            said.push(format!("{label} {value}"));
        }
        self.say(said.join(" "));
    }

    /// A label and its value below it, on as many lines as it needs; gives the next baseline.
    fn below(&mut self, x: f32, y: f32, label: &str, value: &str, room: f32) -> f32 {
        self.put(x, y, label, self.style(5.6, false, false));
        self.say(label);
        let style = self.style(6.6, true, true);
        let mut y = y;
        for line in style.wrap(value, room * self.k, room * self.k) {
            y += 8.6;
            self.put(x, y, &line, style);
            self.say(line);
        }
        y + 8.8
    }

    /// A value that begins behind its label and goes on below.
    fn wrapped(&mut self, x: f32, y: f32, label: &str, value: &str, room: f32) -> f32 {
        let end = self.put(x, y, label, self.style(5.6, false, false)) + 3.0;
        let style = self.style(6.4, true, true);
        let mut lines = style.wrap(value, (room - (end - x)) * self.k, room * self.k);
        let first = lines.remove(0);
        self.put(end, y, &first, style);
        self.say(format!("{label} {first}"));
        let mut y = y;
        for line in lines {
            y += 8.6;
            self.put(x, y, &line, style);
            self.say(line);
        }
        y + 9.0
    }

    /// A QR code, `size` wide.
    fn code(&mut self, x: f32, y: f32, size: f32, text: &str) {
        self.sheet.code(self.x + x * self.k, self.y + y * self.k, size * self.k, text);
    }
}

fn slashed(date: Date) -> String {
    format!("{:02}/{:02}/{}", date.day(), u8::from(date.month()), date.year())
}

fn packed(date: Date) -> String {
    format!("{:02}{:02}{}", date.day(), u8::from(date.month()), date.year())
}

/// Capitals without accents, as a machine-readable zone has them.
pub(super) fn bare(text: &str) -> String {
    let plain: String = text.to_uppercase().nfd().filter(|c| !is_combining_mark(*c)).collect();
    plain.replace('Đ', "D")
}

/// The check digit of ICAO 9303: weights 7, 3, 1.
fn check(text: &str) -> u32 {
    let value = |c: char| match c {
        '0'..='9' => c as u32 - '0' as u32,
        'A'..='Z' => c as u32 - 'A' as u32 + 10,
        _ => 0,
    };
    text.chars().zip([7, 3, 1].into_iter().cycle()).map(|(c, w)| value(c) * w).sum::<u32>() % 10
}

/// The three lines of the back (facts/vietnam.md 3.5).
fn zone(pin: &str, name: &str, sex: Sex, dob: Date, expiry: Option<Date>) -> [String; 3] {
    let short = |d: Date| format!("{:02}{:02}{:02}", d.year() % 100, u8::from(d.month()), d.day());
    let number = &pin[3..];
    let optional = format!("{pin}<<");
    let first = format!("IDVNM{number}{}{optional}{}", check(number), check(&optional));
    let (born, ends) = (short(dob), expiry.map_or("991231".to_owned(), short));
    let letter = if sex == Sex::Female { 'F' } else { 'M' };
    let second = format!("{born}{}{letter}{ends}{}VNM<<<<<<<<<<<", check(&born), check(&ends));
    let composite = format!("{}{}{}{}", &first[5..], &second[..7], &second[8..15], &second[18..29]);
    let second = format!("{second}{}", check(&composite));
    let bare = bare(name);
    let (surname, rest) = bare.split_once(' ').unwrap_or((&bare, ""));
    let third = format!("{surname}<<{}", rest.replace(' ', "<"));
    [first, second, format!("{third:<<30.30}")]
}

struct Holder {
    name: String,
    sex: Sex,
    dob: Date,
    pin: String,
    place: Place,
    residence: String,
    issued: Date,
    expiry: Option<Date>,
}

fn holder(dice: &mut Dice, from: Date, to: Date) -> Holder {
    let issued = between(dice, from, to);
    let sex = Sex::any(dice);
    let age = dice.whole(16, 70);
    let dob = issued - Duration::days(age * 365 + dice.whole(20, 300));
    let place = Place::any(dice, issued);
    // Valid to the birthday at which the next card is due.
    let due = [25, 40, 60].into_iter().find(|limit| i64::from(*limit) > age + 2);
    let expiry = due.and_then(|years| {
        let day = if dob.month() == Month::February && dob.day() == 29 { 28 } else { dob.day() };
        Date::from_calendar_date(dob.year() + years, dob.month(), day).ok()
    });
    Holder {
        name: people::name(dice, sex).to_uppercase(),
        sex,
        dob,
        pin: people::pin(dice, sex, dob.year()),
        residence: place.detailed(dice),
        place,
        issued,
        expiry,
    }
}

/// Typed as on the zone, in a typewriter's face of the split.
fn zone_lines(side: &mut Side<'_>, lines: &[String; 3], plan: u8) -> Result<(), String> {
    let face = font::typewriter(plan)?;
    for (i, line) in lines.iter().enumerate() {
        let style = Style::new(&face, 1.0);
        let size = 214.0 * side.k / style.width(line);
        side.put(14.0, 120.0 + 11.0 * i as f32, line, Style::new(&face, size));
        side.say(line.clone());
    }
    Ok(())
}

/// The identity card with a chip of 2021 to 2024, or its successor.
pub(super) fn identity(
    dice: &mut Dice,
    look: &Look,
    dpi: u32,
    faces: (&Family, &Family),
    new: bool,
) -> Result<Set, String> {
    let (from, to) = if new {
        (ymd(2024, Month::July, 2), ymd(2026, Month::August, 20))
    } else {
        (ymd(2021, Month::March, 1), ymd(2024, Month::June, 28))
    };
    let h = holder(dice, from, to);
    let hometown = if dice.chance(0.6) { h.place.address() } else { Place::any(dice, h.issued).address() };
    let birth_place = if dice.chance(0.6) { h.place.address() } else { Place::any(dice, h.issued).address() };
    let old_id = dice.chance(0.5).then(|| format!("999{:06}", dice.whole(0, 999_999)));
    let expiry = h.expiry.map_or("Không thời hạn".to_owned(), slashed);
    let marks = format!(
        "{} {} {}",
        dice.pick(&["Nốt ruồi C:", "Sẹo chấm C:"]),
        dice.pick(&["1cm", "2cm", "1,5cm", "3cm"]),
        dice.pick(&[
            "trên sau đuôi mắt trái",
            "dưới mép phải",
            "trước đầu mày trái",
            "dưới sau cánh mũi phải"
        ])
    );
    let lines = zone(&h.pin, &h.name, h.sex, h.dob, h.expiry);
    let title_case = |name: &str| {
        let mut out = Vec::new();
        for word in name.to_lowercase().split(' ') {
            let mut c = word.chars();
            out.push(c.next().map_or(String::new(), |f| f.to_uppercase().chain(c).collect()));
        }
        out.join(" ")
    };
    let qr = format!(
        "{}|{}|{}|{}|{}|{}|{}",
        h.pin,
        old_id.as_deref().unwrap_or(""),
        title_case(&h.name),
        packed(h.dob),
        h.sex.word(),
        h.residence,
        packed(h.issued)
    );
    let mut side = Side::new(look, dpi, faces);
    let nation = if look.old_tones {
        "CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM"
    } else {
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
    };
    side.centered(128.0, 14.0, nation, side.style(7.0, true, false));
    side.centered(128.0, 22.0, "Độc lập - Tự do - Hạnh phúc", side.style(6.2, true, false));
    side.centered(128.0, 29.5, "SOCIALIST REPUBLIC OF VIET NAM", side.style(5.2, false, false));
    side.centered(128.0, 36.0, "Independence - Freedom - Happiness", side.style(5.2, false, false));
    let title = if new { "CĂN CƯỚC" } else { "CĂN CƯỚC CÔNG DÂN" };
    side.centered(128.0, 48.0, title, side.style(10.0, true, false).ink(RED));
    let english = if new { "IDENTITY CARD" } else { "Citizen Identity Card" };
    side.centered(128.0, 56.0, english, side.style(6.2, true, false).ink(RED));
    side.photo(10.0, 60.0, 54.0, 72.0);
    let x = 74.0;
    let dob = slashed(h.dob);
    if new {
        side.put(
            x,
            66.0,
            "Số định danh cá nhân / Personal identification number:",
            side.style(5.6, false, false),
        );
        side.say("Số định danh cá nhân / Personal identification number:");
        side.put(x, 76.0, &h.pin, side.style(9.0, true, true));
        side.say(h.pin.clone());
        let y = side.below(x, 86.0, "Họ, chữ đệm và tên khai sinh / Full name:", &h.name, 160.0);
        side.pair(x, y, "Ngày, tháng, năm sinh / Date of birth:", &dob);
        side.pairs(y + 10.0, &[(x, "Giới tính / Sex:", h.sex.word())]);
        side.pair(x, y + 20.0, "Quốc tịch / Nationality:", "Việt Nam");
    } else {
        side.code(202.0, 4.0, 36.0, &qr);
        let end = side.put(x, 67.0, "Số / No.:", side.style(6.4, true, false));
        side.put(end + 4.0, 67.0, &h.pin, side.style(9.0, true, true));
        side.say(format!("Số / No.: {}", h.pin));
        let y = side.below(x, 76.0, "Họ và tên / Full name:", &h.name, 160.0);
        side.pair(x, y, "Ngày sinh / Date of birth:", &dob);
        side.pairs(
            y + 9.4,
            &[(x, "Giới tính / Sex:", h.sex.word()), (x + 66.0, "Quốc tịch / Nationality:", "Việt Nam")],
        );
        let y = side.below(x, y + 18.8, "Quê quán / Place of origin:", &hometown, 160.0);
        side.wrapped(x, y, "Nơi thường trú / Place of residence:", &h.residence, 160.0);
        side.put(10.0, 138.0, "Có giá trị đến:", side.style(4.8, false, false));
        let end = side.put(10.0, 144.0, "Date of expiry:", side.style(4.8, false, false));
        side.put(end + 2.0, 141.0, &expiry, side.style(5.4, true, true));
        side.say(format!("Có giá trị đến: {expiry}"));
        side.say("Date of expiry:");
    }
    side.turn();
    let issued = slashed(h.issued);
    if new {
        let y = side.below(14.0, 14.0, "Nơi cư trú / Place of residence:", &h.residence, 160.0);
        let y = side.below(14.0, y, "Nơi đăng ký khai sinh / Place of birth:", &birth_place, 160.0);
        side.code(186.0, 10.0, 46.0, &qr);
        side.pair(14.0, y + 2.0, "Ngày, tháng, năm cấp / Date of issue:", &issued);
        side.pair(14.0, y + 12.0, "Ngày, tháng, năm hết hạn / Date of expiry:", &expiry);
        side.centered(196.0, 92.0, "BỘ CÔNG AN", side.style(6.6, true, false));
        side.centered(196.0, 100.0, "MINISTRY OF PUBLIC SECURITY", side.style(5.0, false, false));
    } else {
        side.put(14.0, 14.0, "Đặc điểm nhận dạng / Personal identification:", side.style(5.6, false, false));
        side.say("Đặc điểm nhận dạng / Personal identification:");
        side.put(14.0, 23.0, &marks, side.style(6.2, true, true));
        side.say(marks.clone());
        side.pair(14.0, 34.0, "Ngày, tháng, năm / Date, month, year:", &issued);
        side.centered(92.0, 46.0, "CỤC TRƯỞNG CỤC CẢNH SÁT", side.style(5.8, true, false));
        side.centered(92.0, 53.0, "QUẢN LÝ HÀNH CHÍNH VỀ TRẬT TỰ XÃ HỘI", side.style(5.8, true, false));
        let signer = people::name(dice, Sex::Male);
        super::ink::sign(&mut side.sheet, side.x + 70.0 * side.k, side.y + 74.0 * side.k, 90.0, dice);
        side.centered(92.0, 96.0, &signer, side.style(6.2, true, true));
    }
    zone_lines(&mut side, &lines, look.plan)?;
    let authority = if new {
        "BỘ CÔNG AN"
    } else {
        "CỤC TRƯỞNG CỤC CẢNH SÁT QUẢN LÝ HÀNH CHÍNH VỀ TRẬT TỰ XÃ HỘI"
    };
    let expiry_value = h.expiry.map_or(json!("Không thời hạn"), |d| json!(d.to_string()));
    let mut fields = vec![
        ("pin", json!(h.pin)),
        ("full_name", json!(h.name)),
        ("dob", json!(h.dob.to_string())),
        ("sex", json!(h.sex.word())),
        ("nationality", json!("Việt Nam")),
        ("residence", json!(h.residence)),
        ("expiry_date", expiry_value),
        ("issue_date", json!(h.issued.to_string())),
        ("issuing_authority", json!(authority)),
        ("old_id_no", json!(old_id)),
        ("mrz", json!(lines)),
        ("qr", json!(qr)),
    ];
    if new {
        fields.push(("birth_reg_place", json!(birth_place)));
    } else {
        fields.push(("hometown", json!(hometown)));
        fields.push(("marks", json!(marks)));
    }
    Ok((vec![side.sheet], fields))
}

/// A driving licence: PET until 2025, pink with a code since.
pub(super) fn licence(
    dice: &mut Dice,
    look: &Look,
    dpi: u32,
    faces: (&Family, &Family),
) -> Result<Set, String> {
    let new = look.plan >= 3;
    let (from, to) = if new {
        (ymd(2025, Month::October, 1), ymd(2026, Month::August, 20))
    } else {
        (ymd(2014, Month::January, 5), ymd(2025, Month::February, 20))
    };
    let h = holder(dice, from, to);
    let number = format!("999{:09}", dice.whole(0, 999_999_999));
    let (class, limited): (&str, bool) = if new {
        *[("A1", false), ("A", false), ("B", true), ("C1", true), ("D2", true), ("CE", true)]
            .get(dice.whole(0, 5) as usize)
            .expect("six of them")
    } else {
        *[("A1", false), ("A2", false), ("B2", true), ("C", true), ("B1", true), ("D", true)]
            .get(dice.whole(0, 5) as usize)
            .expect("six of them")
    };
    let passed = h.issued - Duration::days(dice.whole(5, 40));
    let expiry = limited.then(|| {
        let day =
            if h.issued.month() == Month::February && h.issued.day() == 29 { 28 } else { h.issued.day() };
        Date::from_calendar_date(h.issued.year() + 10, h.issued.month(), day)
            .expect("the day was moved off 29 February")
    });
    let until = expiry.map_or("Không thời hạn".to_owned(), slashed);
    let serial = format!("{}{:06}", dice.pick(&["AB", "CD", "HK", "PT"]), dice.whole(0, 999_999));
    let authority = if new {
        format!("CÔNG AN TỈNH {}", h.place.province.to_uppercase())
    } else {
        format!("SỞ GIAO THÔNG VẬN TẢI {}", h.place.province.to_uppercase())
    };
    let restrictions = dice.chance(0.3).then(|| dice.pick(&["01", "02.01", "03.01"]).to_owned());
    let (dob, issued, pass) = (slashed(h.dob), h.issued, slashed(passed));
    let mut side = Side::new(look, dpi, faces);
    side.centered(60.0, 13.0, if new { "BỘ CÔNG AN" } else { "BỘ GTVT" }, side.style(6.2, true, false));
    side.centered(60.0, 20.0, if new { "PUBLIC SECURITY" } else { "MOT" }, side.style(5.0, false, false));
    side.centered(160.0, 13.0, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", side.style(5.8, true, false));
    side.centered(160.0, 20.0, "Độc lập - Tự do - Hạnh phúc", side.style(5.8, true, false));
    side.centered(150.0, 34.0, "GIẤY PHÉP LÁI XE / DRIVER'S LICENSE", side.style(8.0, true, false).ink(RED));
    let end = side.put(92.0, 46.0, "Số / No:", side.style(6.4, false, false));
    side.put(end + 4.0, 46.0, &number, side.style(8.4, true, true).ink(RED));
    side.say(format!("Số / No: {number}"));
    side.photo(10.0, 40.0, 56.0, 74.0);
    let x = 74.0;
    side.pair(x, 58.0, "Họ tên / Full name:", &h.name);
    side.pair(x, 68.0, "Ngày sinh / Date of Birth:", &dob);
    side.pair(x, 78.0, "Quốc tịch / Nationality:", "VIỆT NAM");
    let y = side.wrapped(x, 88.0, "Nơi cư trú / Address:", &h.residence, 160.0);
    let dated = format!(
        "{}, ngày {:02} tháng {:02} năm {}",
        h.place.province,
        issued.day(),
        u8::from(issued.month()),
        issued.year()
    );
    side.centered(160.0, y.max(106.0), &dated, side.style(5.8, false, false));
    side.centered(160.0, y.max(106.0) + 9.0, &authority, side.style(5.8, true, false));
    let signer = people::name(dice, Sex::Male);
    super::ink::sign(&mut side.sheet, side.x + 140.0 * side.k, side.y + 130.0 * side.k, 80.0, dice);
    side.centered(160.0, 147.0, &signer, side.style(5.8, true, false));
    side.pair(10.0, 126.0, "Hạng / Class:", class);
    side.pair(10.0, 137.0, "Có giá trị đến / Expires:", &until);
    side.turn();
    side.centered(121.0, 14.0, "CÁC LOẠI XE CƠ GIỚI ĐƯỜNG BỘ ĐƯỢC ĐIỀU KHIỂN", side.style(6.0, true, false));
    side.centered(121.0, 21.0, "CLASSIFICATION OF MOTOR VEHICLES", side.style(5.2, false, false));
    let mut y = 34.0;
    for (class, what) in [
        ("A1", "Xe mô tô hai bánh"),
        ("B", "Xe ô tô chở người đến 08 chỗ"),
        ("C", "Xe ô tô tải trên 7.500 kg"),
    ] {
        side.put(16.0, y, class, side.style(6.2, true, false));
        side.put(40.0, y, what, side.style(5.6, false, false));
        side.say(format!("{class} {what}"));
        y += 10.0;
    }
    side.pair(16.0, 74.0, "Ngày trúng tuyển / Beginning date:", &pass);
    if let Some(code) = &restrictions {
        side.pair(16.0, 84.0, "Mã hạn chế / Restrictions:", code);
    }
    side.pair(16.0, 96.0, "Số sê-ri / Serial No:", &serial);
    let qr = new.then(|| format!("{number}|{}|{}|{class}|{}", h.name, packed(h.dob), packed(issued)));
    if let Some(qr) = &qr {
        side.code(16.0, 104.0, 42.0, qr);
    }
    let fields = vec![
        ("licence_no", json!(number)),
        ("full_name", json!(h.name)),
        ("dob", json!(h.dob.to_string())),
        ("nationality", json!("Việt Nam")),
        ("residence", json!(h.residence)),
        ("class", json!(class)),
        ("issue_date", json!(issued.to_string())),
        ("issuing_authority", json!(authority)),
        ("expiry_date", expiry.map_or(json!("Không thời hạn"), |d| json!(d.to_string()))),
        ("pass_date", json!(passed.to_string())),
        ("serial_no", json!(serial)),
        ("restrictions", json!(restrictions)),
        ("qr", json!(qr)),
    ];
    Ok((vec![side.sheet], fields))
}

/// A vehicle's registration card.
pub(super) fn vehicle(
    dice: &mut Dice,
    look: &Look,
    dpi: u32,
    faces: (&Family, &Family),
) -> Result<Set, String> {
    let issued = between(dice, ymd(2023, Month::August, 20), ymd(2026, Month::August, 20));
    let first = if dice.chance(0.6) { issued } else { issued - Duration::days(dice.whole(300, 3000)) };
    let place = Place::any(dice, issued);
    let car = look.plan.is_multiple_of(2) || dice.chance(0.3);
    let owner = if dice.chance(0.8) {
        let sex = Sex::any(dice);
        people::name(dice, sex).to_uppercase()
    } else {
        format!("CÔNG TY TNHH {}", dice.pick(&["VẬN TẢI SÔNG MÂY", "THƯƠNG MẠI ĐỒI SIM", "DỊCH VỤ NGÀN PHỐ"]))
    };
    let residence = place.detailed(dice);
    let region = dice.whole(90, 98);
    let plate = if car {
        format!(
            "{region}{}-{:03}.{:02}",
            dice.pick(&["A", "C", "D", "F", "G", "H", "K"]),
            dice.whole(100, 999),
            dice.whole(0, 99)
        )
    } else {
        format!(
            "{region}-{}{} {:03}.{:02}",
            dice.pick(&["B", "C", "D", "F"]),
            dice.whole(1, 9),
            dice.whole(100, 999),
            dice.whole(0, 99)
        )
    };
    let colour = dice.pick(&["Trắng", "Trắng", "Trắng", "Vàng", "Xanh"]);
    let (brand, model) = if car {
        *[("MAYCAR", "SONG 1.5"), ("DOISIM", "DS-7"), ("LUAVANG", "LV 300")]
            .get(dice.whole(0, 2) as usize)
            .expect("three")
    } else {
        *[("MAYBIKE", "SUONG 110"), ("NGANPHO", "NP-X")].get(dice.whole(0, 1) as usize).expect("two")
    };
    let kind =
        if car { dice.pick(&["Ô tô con", "Ô tô tải", "Ô tô khách"]) } else { "Mô tô hai bánh" };
    let paint = dice.pick(&["Trắng", "Đen", "Bạc", "Đỏ", "Xanh", "Ghi"]);
    let mut code = |n: usize| -> String {
        (0..n)
            .map(|_| {
                *dice
                    .pick(&["A", "B", "C", "D", "E", "F", "G", "H", "J", "K", "L", "M", "N", "P", "R"])
                    .as_bytes()
                    .first()
                    .expect("a letter") as char
            })
            .collect()
    };
    let (engine_head, chassis_head) = (code(4), code(5));
    let engine = format!("{engine_head}{:06}", dice.whole(0, 999_999));
    let chassis = format!("{chassis_head}{:09}", dice.whole(0, 999_999_999));
    let capacity = if car { dice.whole(998, 2995) } else { dice.whole(97, 155) }.to_string();
    let power = car.then(|| dice.whole(60, 180).to_string());
    let year = (first.year() - dice.whole(0, 2) as i32).to_string();
    let payload = (kind == "Ô tô tải").then(|| format!("{}", dice.whole(5, 80) * 100));
    let seats = if car { dice.pick(&["5", "7", "2", "16"]) } else { "2" }.to_owned();
    let expiry = payload.as_ref().map(|_| {
        Date::from_calendar_date(year.parse::<i32>().expect("made of a number") + 25, Month::December, 31)
            .expect("it exists")
    });
    let authority = dice.pick(&["PHÒNG CẢNH SÁT GIAO THÔNG", "CÔNG AN XÃ"]);
    let authority = if authority == "CÔNG AN XÃ" {
        format!("CÔNG AN {}", place.capitals())
    } else {
        authority.to_owned()
    };
    let qr = format!("{plate}|{colour}|{engine}|{chassis}|Không|Không");
    let mut side = Side::new(look, dpi, faces);
    side.centered(121.0, 13.0, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", side.style(6.2, true, false));
    side.centered(121.0, 20.5, "Độc lập - Tự do - Hạnh phúc", side.style(6.0, true, false));
    let title = if car {
        "CHỨNG NHẬN ĐĂNG KÝ XE Ô TÔ"
    } else {
        "CHỨNG NHẬN ĐĂNG KÝ XE MÔ TÔ, XE GẮN MÁY"
    };
    side.centered(121.0, 32.0, title, side.style(8.0, true, false).ink(RED));
    side.centered(121.0, 39.0, "VEHICLE REGISTRATION CERTIFICATE", side.style(5.4, true, false));
    side.pair(12.0, 52.0, "Tên chủ xe / Owner's name:", &owner);
    let y = side.wrapped(12.0, 62.0, "Địa chỉ / Address:", &residence, 216.0);
    side.pairs(y, &[(12.0, "Nhãn hiệu / Brand:", brand), (124.0, "Số loại / Model:", model)]);
    side.pairs(y + 9.6, &[(12.0, "Loại xe / Type:", kind), (124.0, "Màu sơn / Color:", paint)]);
    let end = side.put(12.0, y + 24.0, "Biển số đăng ký / N° plate:", side.style(6.0, false, false));
    side.put(end + 4.0, y + 24.0, &plate, side.style(9.6, true, true));
    side.say(format!("Biển số đăng ký / N° plate: {plate}"));
    side.pair(12.0, y + 35.0, "Màu biển / Plate color:", colour);
    let dated = format!(
        "{}, ngày {:02} tháng {:02} năm {}",
        place.province,
        issued.day(),
        u8::from(issued.month()),
        issued.year()
    );
    side.centered(168.0, y + 36.0, &dated, side.style(5.6, false, false));
    side.centered(168.0, y + 44.0, &authority, side.style(5.8, true, false));
    side.turn();
    side.pairs(16.0, &[(12.0, "Số máy / Engine N°:", &engine)]);
    side.pairs(26.0, &[(12.0, "Số khung / Chassis N°:", &chassis)]);
    side.pairs(36.0, &[(12.0, "Dung tích / Capacity:", &capacity)]);
    if let Some(power) = &power {
        side.pair(12.0, 46.0, "Công suất / Power:", power);
    }
    side.pair(12.0, 56.0, "Năm sản xuất / Year of manufacture:", &year);
    if let Some(payload) = &payload {
        side.pair(12.0, 66.0, "Tải trọng / Payload:", payload);
    }
    side.pair(12.0, 76.0, "Số chỗ ngồi / Seats:", &seats);
    let first_day = slashed(first);
    side.pair(12.0, 86.0, "Đăng ký lần đầu ngày / Date of first registration:", &first_day);
    if let Some(expiry) = expiry {
        side.pair(12.0, 96.0, "Có giá trị đến / Date of expiry:", &slashed(expiry));
    }
    side.code(184.0, 30.0, 46.0, &qr);
    let fields = vec![
        ("plate_no", json!(plate.replace(' ', ""))),
        ("plate_colour", json!(colour)),
        ("owner_name", json!(owner)),
        ("residence", json!(residence)),
        ("brand", json!(brand)),
        ("model", json!(model)),
        ("vehicle_type", json!(kind)),
        ("paint_colour", json!(paint)),
        ("engine_no", json!(engine)),
        ("chassis_no", json!(chassis)),
        ("capacity", json!(capacity)),
        ("power", json!(power)),
        ("year_made", json!(year)),
        ("payload", json!(payload)),
        ("seats", json!(seats)),
        ("first_reg_date", json!(first.to_string())),
        ("expiry_date", json!(expiry.map(|d| d.to_string()))),
        ("issue_date", json!(issued.to_string())),
        ("issuing_authority", json!(authority)),
        ("qr", json!(qr)),
    ];
    Ok((vec![side.sheet], fields))
}
