//! Invented people, places and offices.

use time::Date;

use super::dice::Dice;

/// Man or woman, as papers say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sex {
    /// Nam.
    Male,
    /// Nữ.
    Female,
}

impl Sex {
    /// The printed word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Male => "Nam",
            Self::Female => "Nữ",
        }
    }

    /// Either.
    pub(super) fn any(dice: &mut Dice) -> Self {
        if dice.chance(0.5) { Self::Male } else { Self::Female }
    }
}

const FAMILY: [&str; 24] = [
    "Nguyễn", "Nguyễn", "Nguyễn", "Trần", "Trần", "Lê", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Võ",
    "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý", "Đinh", "Lương", "Mạc", "Quách",
];
const MIDDLE_MALE: [&str; 14] = [
    "Văn", "Hữu", "Đức", "Minh", "Quốc", "Xuân", "Công", "Đình", "Gia", "Tuấn", "Trọng", "Thế", "Bảo", "Nhật",
];
const MIDDLE_FEMALE: [&str; 14] = [
    "Thị", "Thị", "Ngọc", "Thu", "Thanh", "Kim", "Mỹ", "Phương", "Khánh", "Thuỳ", "Bích", "Hồng", "Diệu",
    "Quỳnh",
];
const GIVEN_MALE: [&str; 24] = [
    "An",
    "Bình",
    "Cường",
    "Dũng",
    "Đạt",
    "Hải",
    "Hiếu",
    "Hùng",
    "Huy",
    "Khang",
    "Khôi",
    "Lâm",
    "Long",
    "Nam",
    "Nghĩa",
    "Phong",
    "Phúc",
    "Quân",
    "Sơn",
    "Thắng",
    "Thịnh",
    "Trường",
    "Vinh",
    "Vượng",
];
const GIVEN_FEMALE: [&str; 24] = [
    "Anh",
    "Ánh",
    "Châu",
    "Chi",
    "Dung",
    "Duyên",
    "Giang",
    "Hà",
    "Hạnh",
    "Hằng",
    "Hiền",
    "Hoa",
    "Hương",
    "Lan",
    "Liên",
    "Mai",
    "Nga",
    "Nguyệt",
    "Nhung",
    "Oanh",
    "Phượng",
    "Thảo",
    "Trang",
    "Yến",
];

/// A name under a given family name.
pub(super) fn named(dice: &mut Dice, family: &str, sex: Sex) -> String {
    let (middle, given) = match sex {
        Sex::Male => (&MIDDLE_MALE, &GIVEN_MALE),
        Sex::Female => (&MIDDLE_FEMALE, &GIVEN_FEMALE),
    };
    let middle = dice.pick(middle);
    let first = dice.pick(given);
    if dice.chance(0.25) {
        let second = dice.pick(given);
        if second != first {
            return format!("{family} {middle} {second} {first}");
        }
    }
    format!("{family} {middle} {first}")
}

/// A family name.
pub(super) fn family_name(dice: &mut Dice) -> &'static str {
    dice.pick(&FAMILY)
}

/// A whole name.
pub(super) fn name(dice: &mut Dice, sex: Sex) -> String {
    let family = family_name(dice);
    named(dice, family, sex)
}

/// Personal identification number: province 999, which does not exist, then sex and century, year, six digits.
pub(super) fn pin(dice: &mut Dice, sex: Sex, birth_year: i32) -> String {
    let century = (birth_year - 1900) / 100 * 2 + i32::from(sex == Sex::Female);
    format!("999{century}{:02}{:06}", birth_year % 100, dice.whole(0, 999_999))
}

/// An ethnic group of the closed list, mostly Kinh.
pub(super) fn ethnicity(dice: &mut Dice) -> &'static str {
    if dice.chance(0.68) {
        return "Kinh";
    }
    dice.pick(&[
        "Tày",
        "Thái",
        "Mường",
        "Khmer",
        "Nùng",
        "Mông",
        "Dao",
        "Hoa",
        "Gia Rai",
        "Ê Đê",
        "Ba Na",
        "Chăm",
        "Cơ Ho",
        "Xơ Đăng",
        "Sán Chay",
    ])
}

/// A commune, with its district until the districts went (1 July 2025).
#[derive(Clone)]
pub(super) struct Place {
    /// `xã`, `phường` or `thị trấn`.
    pub(super) kind: &'static str,
    /// Its invented name.
    pub(super) commune: String,
    /// `huyện …` where there still was one.
    pub(super) district: Option<String>,
    /// The invented province, without `tỉnh`.
    pub(super) province: &'static str,
}

impl Place {
    /// A place as of `date`.
    pub(super) fn any(dice: &mut Dice, date: Date) -> Self {
        let province =
            dice.pick(&["Bình Lâm", "Thanh Giang Hạ", "An Lĩnh", "Đông Hải Sơn", "Phú Nguyên", "Vân Trung"]);
        let old = date < super::dates::ymd(2025, time::Month::July, 1);
        let kind = if old {
            dice.pick(&["xã", "xã", "phường", "thị trấn"])
        } else {
            dice.pick(&["xã", "xã", "phường"])
        };
        let first = dice.pick(&[
            "Đồng", "Bản", "Nậm", "Mường", "Suối", "Vĩnh", "Tân", "Hoà", "Thuỷ", "Trúc", "Gò", "Cẩm",
        ]);
        let second = dice.pick(&[
            "Mây",
            "Sương",
            "Sao Mai",
            "Lụa",
            "Thảo Nguyên",
            "Ngàn Phố",
            "Hạc",
            "Trăng",
            "Gạo",
            "Diên",
        ]);
        let district = old.then(|| {
            let name = dice.pick(&["Sơn Nguyên", "Thạch Vân", "Lạc Hồng Hạ", "Đức Trí", "Yên Hưng Thượng"]);
            format!("huyện {name}")
        });
        Self { kind, commune: format!("{first} {second}"), district, province }
    }

    /// `xã Đồng Mây, huyện Sơn Nguyên, tỉnh Bình Lâm`.
    pub(super) fn address(&self) -> String {
        match &self.district {
            Some(district) => format!("{} {}, {district}, tỉnh {}", self.kind, self.commune, self.province),
            None => format!("{} {}, tỉnh {}", self.kind, self.commune, self.province),
        }
    }

    /// The address with a hamlet, group or house number before it.
    pub(super) fn detailed(&self, dice: &mut Dice) -> String {
        let number = dice.whole(1, 24);
        let detail = match dice.whole(0, 4) {
            0 => format!("Thôn {number}"),
            1 => format!("Tổ dân phố số {number}"),
            2 => format!("Ấp {}", dice.pick(&["Thượng", "Hạ", "Đông", "Tây", "Trung"])),
            3 => format!(
                "Số {} đường {}",
                number * 7 + 1,
                dice.pick(&["Hoa Ban", "Lúa Vàng", "Bờ Sông", "Sao Khuê"])
            ),
            _ => format!("Bản {}", dice.pick(&["Pom", "Nà Lứ", "Huổi Say", "Co Mạ Hạ"])),
        };
        format!("{detail}, {}", self.address())
    }

    /// `XÃ ĐỒNG MÂY`.
    pub(super) fn capitals(&self) -> String {
        format!("{} {}", self.kind, self.commune).to_uppercase()
    }

    /// `Xã Đồng Mây`.
    pub(super) fn titled(&self) -> String {
        let kind = match self.kind {
            "phường" => "Phường",
            "thị trấn" => "Thị trấn",
            _ => "Xã",
        };
        format!("{kind} {}", self.commune)
    }
}
