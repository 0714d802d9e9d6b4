//! Birth certificates, with the labels of circular 04/2020/TT-BTP: original, copy, extract; three layouts.

use serde_json::{Value, json};
use time::{Date, Duration, Month};

use super::dates::{self, Speech, between, ymd};
use super::dice::Dice;
use super::font::Family;
use super::ink::{self, Seal};
use super::people::{self, Place, Sex};
use super::recipe::{Layout, Look, Variant};
use super::sheet::{RED, Sheet, Style, WIDTH};

/// A parent as printed.
struct Parent {
    name: String,
    birth_year: i32,
    ethnicity: &'static str,
    residence: String,
}

/// What a certificate says.
struct Certificate {
    place: Place,
    reg_no: String,
    book_no: Option<String>,
    child_name: String,
    sex: Sex,
    dob: Date,
    dob_words: String,
    ethnicity: &'static str,
    birth_place: String,
    hometown: Option<String>,
    pin: Option<String>,
    mother: Parent,
    father: Option<Parent>,
    declarant: Option<(String, String)>,
    reg_place: String,
    reg_date: Date,
    signer: (String, &'static str),
    copy: Option<Copy>,
}

/// What a copy adds.
struct Copy {
    number: String,
    place_date: String,
    signer: (String, &'static str),
}

/// Where a value was printed: from, to, baseline, in points.
type Spot = (f32, f32, f32);

/// Sets one certificate; gives the sheet and the value of every field.
pub(super) fn set(
    dice: &mut Dice,
    look: &Look,
    dpi: u32,
    faces: (&Family, &Family),
) -> (Sheet, Vec<(&'static str, Value)>) {
    let certificate = invent(dice, look);
    let mut sheet = Sheet::new(dpi);
    let mut page = Page {
        sheet: &mut sheet,
        labels: faces.0,
        values: faces.1,
        look,
        left: look.measure().left,
        right: WIDTH - look.measure().right,
        y: 0.0,
        drift: dice.real(-0.8, 0.8),
    };
    page.head(&certificate);
    let name_spot = page.body(&certificate);
    page.foot(&certificate, dice);
    if look.seal_on_child {
        let seal = (certificate.rim(), certificate.rim_below());
        let seal = Seal { top: &seal.0, bottom: &seal.1, font: &faces.0.bold };
        let x = name_spot.0 + (name_spot.1 - name_spot.0) * dice.real(0.3, 0.8);
        let y = name_spot.2 + dice.real(-14.0, 10.0);
        seal.stamp(&mut sheet, x, y, dice);
    }
    let fields = certificate.fields(look);
    (sheet, fields)
}

fn invent(dice: &mut Dice, look: &Look) -> Certificate {
    let copied = look.variant != Variant::Original;
    let first = if copied { ymd(1988, Month::January, 1) } else { ymd(2020, Month::July, 16) };
    let reg_date = between(dice, first, ymd(2026, Month::August, 31));
    let dob = reg_date - Duration::days(dice.whole(2, 55));
    let place = Place::any(dice, reg_date);
    let sex = Sex::any(dice);
    let family = people::family_name(dice);
    let child_name = people::named(dice, family, sex).to_uppercase();
    let shout = dice.chance(0.5);
    let cased = |name: String| if shout { name.to_uppercase() } else { name };
    let same_home = dice.chance(0.7);
    let home = place.detailed(dice);
    let mother = Parent {
        name: cased(people::name(dice, Sex::Female)),
        birth_year: dob.year() - dice.whole(19, 41) as i32,
        ethnicity: people::ethnicity(dice),
        residence: home.clone(),
    };
    let father = (!look.no_father).then(|| Parent {
        name: cased(people::named(dice, family, Sex::Male)),
        birth_year: dob.year() - dice.whole(20, 48) as i32,
        ethnicity: if dice.chance(0.7) { mother.ethnicity } else { people::ethnicity(dice) },
        residence: if same_home { home.clone() } else { place.detailed(dice) },
    });
    let recent = reg_date >= ymd(2016, Month::January, 1);
    let pin = (recent || dice.chance(0.25)).then(|| people::pin(dice, sex, dob.year()));
    let declarant = (!copied || dice.chance(0.35)).then(|| {
        let (name, born, sex) = match &father {
            Some(father) if dice.chance(0.6) => (father.name.clone(), father.birth_year, Sex::Male),
            _ => (mother.name.clone(), mother.birth_year, Sex::Female),
        };
        let issued = reg_date - Duration::days(dice.whole(200, 1400));
        let paper = if recent {
            let id = people::pin(dice, sex, born);
            format!(
                "CCCD số {id} do Cục Cảnh sát quản lý hành chính về trật tự xã hội cấp ngày {}",
                dates::slashed(issued)
            )
        } else {
            format!(
                "CMND số 999{:06} do Công an tỉnh {} cấp ngày {}",
                dice.whole(0, 999_999),
                place.province,
                dates::slashed(issued)
            )
        };
        (name, paper)
    });
    let birth_place = match dice.whole(0, 3) {
        0 => format!("Trạm Y tế {}", place.address()),
        1 => format!(
            "Bệnh viện Đa khoa khu vực {}, tỉnh {}",
            dice.pick(&["Sông Mây", "Đồi Sim", "Ngã Năm"]),
            place.province
        ),
        2 => format!("Bệnh viện Phụ sản tỉnh {}", place.province),
        _ => place.address(),
    };
    let hometown = (!copied || dice.chance(0.7))
        .then(|| if dice.chance(0.6) { place.address() } else { Place::any(dice, reg_date).address() });
    let number = dice.whole(1, 420);
    let speech = Speech { southern: look.southern, commas: dice.chance(0.7) };
    let copy = copied.then(|| {
        let date = between(dice, reg_date.max(ymd(2020, Month::July, 16)), ymd(2026, Month::September, 20));
        let form = if look.variant == Variant::Extract { "TLKS-BS" } else { "GKS-BS" };
        Copy {
            number: format!("{}/{form}", dice.whole(1, 900)),
            place_date: format!("{}, {}", place.titled(), dates::spelled(date)),
            signer: signer(dice),
        }
    });
    let father_ethnicity = father.as_ref().map(|father| father.ethnicity);
    Certificate {
        reg_no: if dice.chance(0.8) { format!("{number}/{}", reg_date.year()) } else { number.to_string() },
        book_no: (look.layout == Layout::Book)
            .then(|| format!("{:02}/{}", dice.whole(1, 4), reg_date.year())),
        child_name,
        sex,
        dob,
        dob_words: dates::in_words(dob, speech),
        ethnicity: if dice.chance(0.6) {
            father_ethnicity.unwrap_or(mother.ethnicity)
        } else {
            mother.ethnicity
        },
        birth_place,
        hometown,
        pin,
        mother,
        father,
        declarant,
        reg_place: format!("Ủy ban nhân dân {}", place.address()),
        reg_date,
        signer: signer(dice),
        copy,
        place,
    }
}

fn signer(dice: &mut Dice) -> (String, &'static str) {
    let sex = Sex::any(dice);
    (people::name(dice, sex), dice.pick(&["CHỦ TỊCH", "PHÓ CHỦ TỊCH"]))
}

impl Certificate {
    fn rim(&self) -> String {
        format!("ỦY BAN NHÂN DÂN {}", self.place.capitals())
    }

    fn rim_below(&self) -> String {
        format!("TỈNH {}", self.place.province.to_uppercase())
    }

    fn agency(&self, look: &Look) -> Vec<String> {
        if look.layout == Layout::Bare {
            return Vec::new();
        }
        let mut lines = vec![
            if look.old_tones { "UỶ BAN NHÂN DÂN" } else { "ỦY BAN NHÂN DÂN" }.to_owned(),
            self.place.capitals(),
        ];
        if look.layout == Layout::Book {
            if let Some(district) = &self.place.district {
                lines.push(district.to_uppercase());
            }
            lines.push(self.rim_below());
        }
        lines
    }

    fn fields(&self, look: &Look) -> Vec<(&'static str, Value)> {
        let agency = self.agency(look);
        let father = self.father.as_ref();
        let copy = self.copy.as_ref();
        vec![
            ("issuing_authority", if agency.is_empty() { Value::Null } else { json!(agency.join(" ")) }),
            ("reg_no", json!(self.reg_no)),
            ("book_no", json!(self.book_no)),
            ("doc_variant", json!(look.variant.id())),
            ("child_name", json!(self.child_name)),
            ("child_dob", json!(self.dob.to_string())),
            ("child_dob_words", json!(self.dob_words)),
            ("child_sex", json!(self.sex.word())),
            ("child_ethnicity", json!(self.ethnicity)),
            ("child_nationality", json!("Việt Nam")),
            ("birth_place", json!(self.birth_place)),
            ("hometown", json!(self.hometown)),
            ("child_pin", json!(self.pin)),
            ("mother_name", json!(self.mother.name)),
            ("mother_birth_year", json!(self.mother.birth_year.to_string())),
            ("mother_ethnicity", json!(self.mother.ethnicity)),
            ("mother_nationality", json!("Việt Nam")),
            ("mother_residence", json!(self.mother.residence)),
            ("father_name", json!(father.map(|father| &father.name))),
            ("father_birth_year", json!(father.map(|father| father.birth_year.to_string()))),
            ("father_ethnicity", json!(father.map(|father| father.ethnicity))),
            ("father_nationality", json!(father.map(|_| "Việt Nam"))),
            ("father_residence", json!(father.map(|father| &father.residence))),
            ("declarant_name", json!(self.declarant.as_ref().map(|declarant| &declarant.0))),
            ("declarant_id_doc", json!(self.declarant.as_ref().map(|declarant| &declarant.1))),
            ("reg_place", json!(self.reg_place)),
            ("reg_date", json!(self.reg_date.to_string())),
            ("signer_name", json!(self.signer.0)),
            ("signer_title", json!(self.signer.1)),
            ("copy_no", json!(copy.map(|copy| &copy.number))),
            ("copy_place_date", json!(copy.map(|copy| &copy.place_date))),
            ("copy_signer", json!(copy.map(|copy| &copy.signer.0))),
        ]
    }
}

/// The certificate's page while it is being set.
struct Page<'a> {
    sheet: &'a mut Sheet,
    labels: &'a Family,
    values: &'a Family,
    look: &'a Look,
    left: f32,
    right: f32,
    y: f32,
    /// How far values overprinted on a blank form sit from the labels' baseline.
    drift: f32,
}

impl Page<'_> {
    fn head(&mut self, certificate: &Certificate) {
        let nation = if self.look.old_tones {
            "CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM"
        } else {
            "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
        };
        let motto = "Độc lập - Tự do - Hạnh phúc";
        let labels = self.labels;
        let bold = Style::new(&labels.bold, 11.5);
        let number = if self.look.red_number { RED } else { bold.color };
        let agency = certificate.agency(self.look);
        let bare = self.look.layout == Layout::Bare;
        let mut y = 56.0;
        for (i, line) in agency.iter().enumerate() {
            let style =
                if i == 0 { Style::new(&labels.regular, 11.0) } else { Style::new(&labels.bold, 11.0) };
            self.sheet.centered(150.0, y, line, style);
            y += 15.0;
        }
        if !agency.is_empty() {
            self.sheet.rule(125.0, 175.0, y - 9.0);
        }
        if self.look.layout == Layout::Book {
            y += 8.0;
            for (label, value) in
                [("Số:", Some(&certificate.reg_no)), ("Quyển số:", certificate.book_no.as_ref())]
            {
                let Some(value) = value else { continue };
                let end = self.sheet.text(96.0, y, label, Style::new(&labels.regular, 11.5));
                self.sheet.text(end + 4.0, y, value, Style::new(&self.values.bold, 12.0).ink(number));
                self.sheet.say(format!("{label} {value}"));
                y += 16.0;
            }
        }
        let center = if bare { WIDTH / 2.0 } else { 408.0 };
        self.sheet.centered(center, 56.0, nation, bold);
        self.sheet.centered(center, 73.0, motto, Style::new(&labels.bold, 12.0));
        let half = Style::new(&labels.bold, 12.0).width(motto) / 2.0;
        self.sheet.rule(center - half, center + half, 79.0);

        y = if self.look.layout == Layout::Book { y.max(118.0) + 10.0 } else { 124.0 };
        let title = Style::new(&labels.bold, 19.0).ink(if self.look.red_title { RED } else { bold.color });
        let name =
            if self.look.variant == Variant::Extract { "TRÍCH LỤC KHAI SINH" } else { "GIẤY KHAI SINH" };
        if self.look.variant == Variant::Original {
            self.sheet.centered(WIDTH / 2.0, y, name, title);
        } else if bare {
            self.sheet.centered(WIDTH / 2.0, y, &format!("{name} (BẢN SAO)"), title);
        } else {
            self.sheet.centered(WIDTH / 2.0, y, name, title);
            y += 19.0;
            self.sheet.centered(WIDTH / 2.0, y, "(BẢN SAO)", Style { size: 13.0, ..title });
        }
        if self.look.layout != Layout::Book {
            y += 21.0;
            let style = Style::new(&labels.regular, 12.5);
            let value = Style::new(&self.values.bold, 12.5).ink(number);
            let wide = style.width("Số: ") + value.width(&certificate.reg_no);
            let x = if bare { self.right - wide - 20.0 } else { (WIDTH - wide) / 2.0 };
            let end = self.sheet.text(x, y, "Số: ", style);
            self.sheet.text(end, y, &certificate.reg_no, value);
            self.sheet.say(format!("Số: {}", certificate.reg_no));
        }
        self.y = y + 26.0;
    }

    /// The rows; gives where the child's name stands.
    fn body(&mut self, certificate: &Certificate) -> Spot {
        let book = self.look.layout == Layout::Book;
        let identity =
            if self.look.old_tones { "Giấy tờ tuỳ thân:" } else { "Giấy tờ tùy thân:" };
        let dob = dates::slashed(certificate.dob);
        let viet = Some("Việt Nam");
        let name = if self.look.plan == 3 || self.look.plan == 5 {
            "Họ và tên:"
        } else {
            "Họ, chữ đệm, tên:"
        };
        let spot = self.row(&[(name, Some(&certificate.child_name))], true);
        if book {
            self.row(&[("Số định danh cá nhân:", certificate.pin.as_deref())], false);
            self.row(
                &[("Ngày, tháng, năm sinh:", Some(&dob)), ("Giới tính:", Some(certificate.sex.word()))],
                false,
            );
            self.row(&[("ghi bằng chữ:", Some(&certificate.dob_words))], false);
            self.row(&[("Dân tộc:", Some(certificate.ethnicity)), ("Quốc tịch:", viet)], false);
        } else {
            self.row(
                &[("Ngày, tháng, năm sinh:", Some(&dob)), ("ghi bằng chữ:", Some(&certificate.dob_words))],
                false,
            );
            let sex = ("Giới tính:", Some(certificate.sex.word()));
            self.row(&[sex, ("Dân tộc:", Some(certificate.ethnicity)), ("Quốc tịch:", viet)], false);
        }
        self.row(&[("Nơi sinh:", Some(&certificate.birth_place))], false);
        self.row(&[("Quê quán:", certificate.hometown.as_deref())], false);
        if !book {
            self.row(&[("Số định danh cá nhân:", certificate.pin.as_deref())], false);
        }
        let parents = [
            ("Họ, chữ đệm, tên người mẹ:", Some(&certificate.mother)),
            ("Họ, chữ đệm, tên người cha:", certificate.father.as_ref()),
        ];
        for (label, parent) in parents {
            let year = parent.map(|parent| parent.birth_year.to_string());
            self.row(&[(label, parent.map(|parent| parent.name.as_str()))], true);
            self.row(
                &[
                    ("Năm sinh:", year.as_deref()),
                    ("Dân tộc:", parent.map(|parent| parent.ethnicity)),
                    ("Quốc tịch:", parent.and(viet)),
                ],
                false,
            );
            self.row(&[("Nơi cư trú:", parent.map(|parent| parent.residence.as_str()))], false);
        }
        let registered = dates::slashed(certificate.reg_date);
        let declarant = certificate.declarant.as_ref();
        let registration = |page: &mut Self| {
            page.row(&[("Nơi đăng ký khai sinh:", Some(&certificate.reg_place))], false);
            page.row(&[("Ngày, tháng, năm đăng ký:", Some(&registered))], false);
        };
        if book {
            registration(self);
        }
        self.row(
            &[("Họ, chữ đệm, tên người đi khai sinh:", declarant.map(|declarant| declarant.0.as_str()))],
            false,
        );
        self.row(&[(identity, declarant.map(|declarant| declarant.1.as_str()))], false);
        if !book {
            registration(self);
        }
        spot
    }

    /// Labels with values on one row; a last value too long goes on below. Gives where the first value stands.
    fn row(&mut self, parts: &[(&str, Option<&str>)], strong: bool) -> Spot {
        let (labels, values) = (self.labels, self.values);
        let size = self.look.measure().size;
        let pitch =
            if self.look.variant == Variant::Original { 21.5 } else { 19.8 } * self.look.measure().pitch;
        let label_style = Style::new(&labels.regular, size);
        let face = if strong || self.look.bold_values { &values.bold } else { &values.regular };
        let value_style = Style::new(face, size + 0.3);
        let stops: &[f32] = match (parts.len(), self.look.layout) {
            (1, _) => &[0.0],
            (2, Layout::Book) => &[0.0, 0.58],
            (2, _) => &[0.0, 0.435],
            _ => &[0.0, 0.34, 0.67],
        };
        let mut said = Vec::new();
        let mut spot = (self.left, self.right, self.y);
        let mut rest = Vec::new();
        for (i, (label, value)) in parts.iter().enumerate() {
            let x = self.left + (self.right - self.left) * stops[i];
            let limit =
                stops.get(i + 1).map_or(self.right, |stop| self.left + (self.right - self.left) * stop - 6.0);
            let end = self.sheet.text(x, self.y, label, label_style);
            said.push((*label).to_owned());
            let from = if self.look.layout == Layout::Book && parts.len() == 1 && end < 196.0 {
                200.0
            } else {
                end + 5.0
            };
            if self.look.leaders {
                self.sheet.leader(from, limit, self.y + 2.6);
            }
            if let Some(value) = value {
                let mut lines = value_style.wrap(value, limit - from, self.right - self.left);
                let first = lines.remove(0);
                let to = self.sheet.text(from, self.y + self.drift, &first, value_style);
                if i == 0 {
                    spot = (from, to, self.y);
                }
                said.push(first);
                rest.extend(lines);
            }
        }
        self.sheet.say(said.join(" "));
        self.y += pitch;
        for line in rest {
            if self.look.leaders {
                self.sheet.leader(self.left, self.right, self.y + 2.6);
            }
            self.sheet.text(self.left, self.y + self.drift, &line, value_style);
            self.sheet.say(line);
            self.y += pitch;
        }
        spot
    }

    fn foot(&mut self, certificate: &Certificate, dice: &mut Dice) {
        let labels = self.labels;
        let bold = Style::new(&labels.bold, 11.5);
        let small = Style::new(&labels.italic, 10.5);
        let plain = Style::new(&labels.italic, 11.5);
        let instruction = "(Ký, ghi rõ họ, tên, chức vụ và đóng dấu)";
        let mut y = self.y + 8.0;
        let Some(copy) = &certificate.copy else {
            let center = 415.0;
            self.sheet.centered(center, y, "NGƯỜI KÝ GIẤY KHAI SINH", bold);
            self.sheet.centered(center, y + 15.0, instruction, small);
            self.signature(center, y + 31.0, &certificate.signer, certificate, dice);
            return;
        };
        let (left, right) = (165.0, 425.0);
        self.sheet.centered(left, y, "NGƯỜI KÝ GIẤY KHAI SINH", bold);
        self.sheet.centered(left, y + 16.0, "(Đã ký)", plain);
        self.sheet.centered(left, y + 32.0, certificate.signer.1, bold);
        self.sheet.centered(left, y + 50.0, &certificate.signer.0, bold);
        let number = format!("Số: {}", copy.number);
        let number_y = (y + 140.0).min(808.0);
        self.sheet.text(self.left, number_y, &number, Style::new(&labels.regular, 11.5));
        self.sheet.say(number);
        self.sheet.centered(right, y, "Sao từ Sổ đăng ký khai sinh", plain);
        y += 16.0;
        self.sheet.centered(right, y, &copy.place_date, plain);
        self.sheet.centered(right, y + 16.0, "NGƯỜI KÝ", bold);
        self.sheet.centered(right, y + 31.0, instruction, small);
        self.signature(right, y + 47.0, &copy.signer, certificate, dice);
    }

    /// Title, signature, name and the seal over them.
    fn signature(
        &mut self,
        center: f32,
        y: f32,
        signer: &(String, &str),
        certificate: &Certificate,
        dice: &mut Dice,
    ) {
        let bold = Style::new(&self.labels.bold, 11.5);
        self.sheet.centered(center, y, signer.1, bold);
        let name_y = (y + 66.0).min(822.0);
        self.sheet.centered(center, name_y, &signer.0, Style { size: 12.0, ..bold });
        ink::sign(self.sheet, center - 48.0, (y + name_y) / 2.0 + 2.0, 112.0, dice);
        let rim = (certificate.rim(), certificate.rim_below());
        let seal = Seal { top: &rim.0, bottom: &rim.1, font: &self.labels.bold };
        let (x, y) = if self.look.seal_on_signer {
            (center - dice.real(28.0, 44.0), name_y - dice.real(20.0, 30.0))
        } else {
            (center - dice.real(72.0, 86.0), (y + name_y) / 2.0 - 8.0)
        };
        seal.stamp(self.sheet, x, y, dice);
    }
}
