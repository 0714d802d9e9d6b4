//! Administrative documents as decree 30/2020/NĐ-CP lays them out.

use serde_json::{Value, json};
use time::{Date, Month};

use super::dates::{self, between, ymd};
use super::dice::Dice;
use super::font::Family;
use super::ink::{self, Seal};
use super::people::{self, Place, Sex};
use super::prose::{Stock, Topic};
use super::recipe::Look;
use super::sheet::{HEIGHT, RED, Sheet, Style, WIDTH};

/// A kind of document: its name, the first part of its symbol, what it may be about.
struct Kind {
    name: Option<&'static str>,
    symbol: &'static str,
    subjects: &'static [&'static str],
}

const KINDS: [Kind; 6] = [
    Kind {
        name: Some("QUYẾT ĐỊNH"),
        symbol: "QĐ",
        subjects: &[
            "Về việc kiện toàn Ban Chỉ đạo chuyển đổi số",
            "Về việc phê duyệt phương án hỗ trợ sản xuất vụ Đông Xuân",
            "Về việc ban hành Quy chế làm việc của Bộ phận Tiếp nhận và Trả kết quả",
            "Về việc thành lập Tổ công tác rà soát dữ liệu hộ tịch",
        ],
    },
    Kind {
        name: Some("THÔNG BÁO"),
        symbol: "TB",
        subjects: &[
            "Về lịch tiếp công dân định kỳ của Chủ tịch Ủy ban nhân dân",
            "Về việc niêm yết công khai kết quả xét duyệt hồ sơ",
            "Kết luận cuộc họp giao ban công tác cải cách hành chính",
        ],
    },
    Kind {
        name: Some("KẾ HOẠCH"),
        symbol: "KH",
        subjects: &[
            "Số hóa hồ sơ, giấy tờ lưu trữ giai đoạn 2025 - 2027",
            "Tổ chức Tuần lễ phục vụ người dân",
            "Tập huấn nghiệp vụ chứng thực bản sao điện tử",
        ],
    },
    Kind {
        name: Some("BÁO CÁO"),
        symbol: "BC",
        subjects: &[
            "Kết quả thực hiện công tác cải cách hành chính 6 tháng đầu năm",
            "Tình hình tiếp nhận và giải quyết hồ sơ thủ tục hành chính",
        ],
    },
    Kind {
        name: Some("TỜ TRÌNH"),
        symbol: "TTr",
        subjects: &[
            "Về việc đề nghị bổ sung kinh phí mua sắm trang thiết bị",
            "Về việc xin chủ trương cải tạo trụ sở làm việc",
        ],
    },
    Kind {
        name: None,
        symbol: "",
        subjects: &[
            "V/v đôn đốc thực hiện số hóa kết quả giải quyết thủ tục hành chính",
            "V/v cử công chức tham gia lớp bồi dưỡng nghiệp vụ hộ tịch",
        ],
    },
];

/// Who issues: the block's lines, the symbol's last part, and who signs.
struct Issuer {
    parent: Option<String>,
    lines: Vec<String>,
    short: &'static str,
    speaks: String,
    authority: Vec<&'static str>,
    title: &'static str,
    rim: (String, String),
}

/// Sets one document; gives its sheets and the value of every field.
pub(super) fn set(
    dice: &mut Dice,
    look: &Look,
    dpi: u32,
    family: &Family,
) -> (Vec<Sheet>, Vec<(&'static str, Value)>) {
    let date = between(dice, ymd(2020, Month::April, 1), ymd(2026, Month::September, 15));
    let place = Place::any(dice, date);
    let kind =
        &KINDS[look.kind.unwrap_or_else(|| dice.whole(0, KINDS.len() as i64 - 1) as usize) % KINDS.len()];
    let issuer = issuer(dice, &place);
    let number = dice.whole(3, 2400);
    let symbol = match kind.name {
        Some(_) => format!("{}-{}", kind.symbol, issuer.short),
        None => format!("{}-{}", issuer.short, dice.pick(&["VP", "TP", "HT", "KT"])),
    };
    let subject = dice.pick(kind.subjects);
    let mut flow = Flow::new(dpi, family, look);
    let subject = flow.head(&issuer, kind, (number, &symbol), (&place, date), subject);
    flow.body(dice, kind, &issuer, (&place, date));
    let sex = Sex::any(dice);
    let name = people::name(dice, sex);
    let recipients = flow.foot(dice, kind, &issuer, &name, &place);
    let fields = vec![
        ("issuing_authority", json!(issuer.lines.join(" "))),
        ("parent_authority", json!(issuer.parent)),
        ("doc_no", json!(number_text(number))),
        ("doc_symbol", json!(symbol)),
        ("place", json!(place.commune)),
        ("issue_date", json!(date.to_string())),
        ("doc_kind", json!(kind.name)),
        ("subject", json!(subject)),
        ("recipients", json!(recipients)),
        (
            "signer_authority_line",
            if issuer.authority.is_empty() { Value::Null } else { json!(issuer.authority.join(" ")) },
        ),
        ("signer_title", json!(issuer.title)),
        ("signer_name", json!(name)),
        ("has_seal", json!("true")),
        ("has_signature", json!("true")),
    ];
    (flow.sheets, fields)
}

fn number_text(number: i64) -> String {
    format!("{number:02}")
}

fn issuer(dice: &mut Dice, place: &Place) -> Issuer {
    let committee = format!("ỦY BAN NHÂN DÂN {}", place.capitals());
    let province = format!("TỈNH {}", place.province.to_uppercase());
    match dice.whole(0, 4) {
        0 | 1 => {
            let (authority, title) = match dice.whole(0, 2) {
                0 => (vec!["TM. ỦY BAN NHÂN DÂN"], "CHỦ TỊCH"),
                1 => (vec!["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH"], "PHÓ CHỦ TỊCH"),
                _ => (vec!["KT. CHỦ TỊCH"], "PHÓ CHỦ TỊCH"),
            };
            Issuer {
                parent: None,
                lines: vec!["ỦY BAN NHÂN DÂN".into(), place.capitals()],
                short: "UBND",
                speaks: format!("Ủy ban nhân dân {} {}", place.kind, place.commune),
                authority,
                title,
                rim: (committee, province),
            }
        }
        2 => Issuer {
            parent: Some(committee),
            lines: vec!["TRUNG TÂM PHỤC VỤ".into(), "HÀNH CHÍNH CÔNG".into()],
            short: "TTPVHCC",
            speaks: "Trung tâm Phục vụ hành chính công".into(),
            authority: if dice.chance(0.5) { vec!["KT. GIÁM ĐỐC"] } else { Vec::new() },
            title: "PHÓ GIÁM ĐỐC",
            rim: ("TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG".into(), place.capitals()),
        },
        3 => Issuer {
            parent: Some(format!("ỦY BAN NHÂN DÂN {province}")),
            lines: vec![dice.pick(&["SỞ TƯ PHÁP", "SỞ NỘI VỤ", "SỞ TÀI CHÍNH"]).to_owned()],
            short: "SO",
            speaks: "Sở".into(),
            authority: vec!["TL. GIÁM ĐỐC"],
            title: "CHÁNH VĂN PHÒNG",
            rim: (String::new(), province),
        }
        .named(),
        _ => Issuer {
            parent: Some(committee),
            lines: vec!["PHÒNG VĂN HÓA - XÃ HỘI".into()],
            short: "PVHXH",
            speaks: "Phòng Văn hóa - Xã hội".into(),
            authority: if dice.chance(0.5) { vec!["TUQ. CHỦ TỊCH"] } else { Vec::new() },
            title: "TRƯỞNG PHÒNG",
            rim: ("PHÒNG VĂN HÓA - XÃ HỘI".into(), place.capitals()),
        },
    }
}

impl Issuer {
    /// Completes what follows from a department's name.
    fn named(mut self) -> Self {
        let (short, speaks) = match self.lines[0].as_str() {
            "SỞ TƯ PHÁP" => ("STP", "Sở Tư pháp"),
            "SỞ NỘI VỤ" => ("SNV", "Sở Nội vụ"),
            _ => ("STC", "Sở Tài chính"),
        };
        self.short = short;
        self.speaks = speaks.into();
        self.rim.0 = self.lines[0].clone();
        self
    }
}

/// Text flowing over pages.
struct Flow<'a> {
    sheets: Vec<Sheet>,
    family: &'a Family,
    look: &'a Look,
    dpi: u32,
    y: f32,
    size: f32,
    left: f32,
    right: f32,
    bottom: f32,
    leading: f32,
}

impl<'a> Flow<'a> {
    fn new(dpi: u32, family: &'a Family, look: &'a Look) -> Self {
        let wide = family.regular_width() > 1.08;
        let size = match (look.dense, wide) {
            (true, false) => 11.6,
            (true, true) => 10.4,
            (false, false) => 13.2,
            (false, true) => 11.8,
        };
        let (left, right, bottom) = if look.dense {
            (66.0, WIDTH - 42.0, HEIGHT - 36.0)
        } else {
            (84.0, WIDTH - 46.0, HEIGHT - 52.0)
        };
        let leading = if look.dense { 1.26 } else { 1.38 } * look.measure().pitch;
        let measure = look.measure();
        let (left, right) = (left + measure.left - 72.0, right - measure.right + 50.0);
        let size = size * measure.size / 12.2;
        Self { sheets: vec![Sheet::new(dpi)], family, look, dpi, y: 0.0, size, left, right, bottom, leading }
    }

    fn sheet(&mut self) -> &mut Sheet {
        self.sheets.last_mut().expect("there is always a sheet")
    }

    /// Agency and nation, number and date, kind and subject; gives the subject as printed.
    fn head(
        &mut self,
        issuer: &Issuer,
        kind: &Kind,
        (number, symbol): (i64, &str),
        (place, date): (&Place, Date),
        subject: &str,
    ) -> String {
        let family = self.family;
        let shrink = if family.regular_width() > 1.08 { 0.86 } else { 1.0 };
        let plain = Style::new(&family.regular, 12.0 * shrink);
        let bold = Style::new(&family.bold, 12.0 * shrink);
        let italic = Style::new(&family.italic, 12.6 * shrink);
        let (left, right) = (158.0, 412.0);
        let top = if self.look.dense { 44.0 } else { 60.0 };
        let red_number = self.look.red_number;
        let mut y = top;
        if let Some(parent) = &issuer.parent {
            for line in plain.wrap(parent, 196.0, 196.0) {
                self.sheet().centered(left, y, &line, plain);
                y += 15.0;
            }
        }
        for line in &issuer.lines {
            self.sheet().centered(left, y, line, bold);
            y += 15.0;
        }
        self.sheet().rule(left - 32.0, left + 32.0, y - 9.5);
        let mut number_y = y + 9.0;
        let number = number_text(number);
        let line = format!("Số: {number}/{symbol}");
        let x = left - plain.width(&line) / 2.0;
        let end = self.sheet().text(x, number_y, "Số: ", plain);
        let inked = if red_number { plain.ink(RED) } else { plain };
        let end = self.sheet().text(end, number_y, &number, inked);
        self.sheet().text(end, number_y, &format!("/{symbol}"), plain);
        self.sheet().say(line);
        let row = number_y;
        let mut printed = subject.to_owned();
        if kind.name.is_none() {
            for line in plain.wrap(subject, 190.0, 190.0) {
                number_y += 15.0;
                self.sheet().centered(left, number_y, &line, plain);
            }
        }
        self.sheet().centered(right, top, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", bold);
        let motto = Style { size: 12.8 * shrink, ..bold };
        self.sheet().centered(right, top + 16.0, "Độc lập - Tự do - Hạnh phúc", motto);
        let half = motto.width("Độc lập - Tự do - Hạnh phúc") / 2.0;
        self.sheet().rule(right - half, right + half, top + 21.5);
        let dated = format!("{}, {}", place.commune, dates::spelled(date));
        self.sheet().centered(right, row, &dated, italic);

        self.y = number_y + if self.look.dense { 24.0 } else { 34.0 };
        if let Some(name) = kind.name {
            let title = Style::new(&family.bold, 14.5 * shrink).ink(if self.look.red_title {
                RED
            } else {
                bold.color
            });
            let y = self.y;
            self.sheet().centered(WIDTH / 2.0, y, name, title);
            let heading = Style::new(&family.bold, 13.2 * shrink);
            printed = if kind.symbol == "BC" || kind.symbol == "KH" {
                subject.to_owned()
            } else {
                format!("{subject} {} {}", place.kind, place.commune)
            };
            if subject.contains("Chủ tịch Ủy ban nhân dân") || issuer.parent.is_some() {
                printed = subject.to_owned();
            }
            self.y += 18.0;
            for line in heading.wrap(&printed, 380.0, 380.0) {
                let y = self.y;
                self.sheet().centered(WIDTH / 2.0, y, &line, heading);
                self.y += 17.0;
            }
            let y = self.y - 10.0;
            self.sheet().rule(WIDTH / 2.0 - 44.0, WIDTH / 2.0 + 44.0, y);
            self.y += 14.0;
        }
        printed
    }

    fn body(&mut self, dice: &mut Dice, kind: &Kind, issuer: &Issuer, (place, date): (&Place, Date)) {
        let family = self.family;
        let style = Style::new(&family.regular, self.size);
        let topic = Topic { unit: &issuer.speaks, place, date };
        let foot = if self.look.dense { 150.0 } else { 178.0 };
        match kind.symbol {
            "QĐ" => {
                let bold = Style::new(&family.bold, self.size + 0.3);
                self.line(&issuer.speaks.to_uppercase(), bold);
                let italic = Style::new(&family.italic, self.size);
                for text in [
                    "Căn cứ Luật Tổ chức chính quyền địa phương;".to_owned(),
                    "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công tác văn thư;".to_owned(),
                    format!("Theo đề nghị của công chức Văn phòng - Thống kê tại Tờ trình số {}/TTr-VP.", dice.whole(11, 300)),
                ] {
                    self.paragraph(&text, italic);
                }
                self.line("QUYẾT ĐỊNH:", bold);
            }
            "" => {
                let to = dice.pick(&["Trưởng các thôn, tổ dân phố", "Các phòng, ban, đơn vị trực thuộc"]);
                self.line(&format!("Kính gửi: {to}"), style);
            }
            _ => {}
        }
        let pages = if self.look.two_pages { 2 } else { 1 };
        let mut article = 1;
        let mut stock = Stock::default();
        let dense = self.look.dense;
        let many = |dice: &mut Dice| if dense { dice.whole(3, 5) } else { dice.whole(2, 4) };
        let mut count = many(dice);
        loop {
            let mut text = stock.paragraph(dice, &topic, count);
            if kind.symbol == "QĐ" {
                text = format!("Điều {article}. {text}");
            } else if kind.symbol == "KH" || kind.symbol == "BC" {
                text = format!("{article}. {text}");
            }
            let limit = match (pages, self.sheets.len()) {
                (1, _) => self.bottom - foot,
                (_, 1) => f32::MAX,
                _ => 360.0,
            };
            if self.y + self.height(&text, style) <= limit {
                self.paragraph(&text, style);
                article += 1;
                count = many(dice);
            } else if count > 1 {
                // One sentence may still fit where a paragraph does not.
                count = 1;
            } else {
                break;
            }
        }
    }

    fn height(&self, text: &str, style: Style<'_>) -> f32 {
        let room = self.right - self.left;
        style.wrap(text, room - 28.0, room).len() as f32 * style.size * self.leading + 5.0
    }

    /// A centred line.
    fn line(&mut self, text: &str, style: Style<'_>) {
        let y = self.y;
        let center = (self.left + self.right) / 2.0;
        self.sheet().centered(center, y, text, style);
        self.y += style.size * self.leading + 5.0;
    }

    /// A justified paragraph with an indented first line.
    fn paragraph(&mut self, text: &str, style: Style<'_>) {
        let room = self.right - self.left;
        let lines = style.wrap(text, room - 28.0, room);
        let last = lines.len() - 1;
        for (i, line) in lines.iter().enumerate() {
            if self.y > self.bottom {
                self.sheets.push(Sheet::new(self.dpi));
                let number = self.sheets.len().to_string();
                self.sheet().centered(WIDTH / 2.0, 42.0, &number, style);
                self.y = 72.0;
            }
            let indent = if i == 0 { 28.0 } else { 0.0 };
            let blanks = line.matches(' ').count().max(1) as f32;
            let space = if i == last { 0.0 } else { (room - indent - style.width(line)) / blanks };
            let (x, y) = (self.left + indent, self.y);
            self.sheet().text_spaced(x, y, line, style, space);
            self.sheet().say(line.clone());
            self.y += style.size * self.leading;
        }
        self.y += 5.0;
    }

    /// Recipients at the left, signature and seal at the right; gives the recipients.
    fn foot(
        &mut self,
        dice: &mut Dice,
        kind: &Kind,
        issuer: &Issuer,
        name: &str,
        place: &Place,
    ) -> Vec<String> {
        let family = self.family;
        let shrink = if family.regular_width() > 1.08 { 0.88 } else { 1.0 };
        let mut recipients = vec![
            match kind.symbol {
                "QĐ" => "Như Điều 2".to_owned(),
                "" => "Như trên".to_owned(),
                _ => dice.pick(&["Các thôn, tổ dân phố", "Các phòng, ban, đơn vị"]).to_owned(),
            },
            dice.pick(&["Thường trực Đảng ủy", "Thường trực Hội đồng nhân dân", "Ủy ban Mặt trận Tổ quốc"])
                .to_owned(),
        ];
        if dice.chance(0.6) {
            recipients.push(format!("Cổng thông tin điện tử {} {}", place.kind, place.commune));
        }
        recipients.push(dice.pick(&["Lưu: VT, VP", "Lưu: VT", "Lưu: VT, TP-HT"]).to_owned());
        let (x, left) = (self.left, self.y + 10.0);
        self.sheet().text(x, left, "Nơi nhận:", Style::new(&family.bold_italic, 11.6 * shrink));
        self.sheet().say("Nơi nhận:");
        let small = Style::new(&family.regular, 10.8 * shrink);
        for (i, recipient) in recipients.iter().enumerate() {
            let end = if i + 1 == recipients.len() { "." } else { ";" };
            let line = format!("- {recipient}{end}");
            self.sheet().text(x, left + 14.0 * (i + 1) as f32, &line, small);
            self.sheet().say(line);
        }
        let center = 428.0;
        let bold = Style::new(&family.bold, 12.6 * shrink);
        let mut y = left;
        for line in issuer.authority.iter().chain([&issuer.title]) {
            self.sheet().centered(center, y, line, bold);
            y += 15.5;
        }
        let name_y = y + if self.look.dense { 50.0 } else { 58.0 };
        self.sheet().centered(center, name_y, name, bold);
        let middle = (y + name_y) / 2.0 - 4.0;
        ink::sign(self.sheet(), center - 46.0, middle + 4.0, 110.0, dice);
        let seal = Seal { top: &issuer.rim.0, bottom: &issuer.rim.1, font: &family.bold };
        let (x, y) = if self.look.seal_on_signer {
            (center - dice.real(30.0, 46.0), name_y - dice.real(22.0, 32.0))
        } else {
            (center - dice.real(70.0, 84.0), middle - 6.0)
        };
        seal.stamp(self.sheet(), x, y, dice);
        recipients
    }
}
