//! Fields from words, without OCR: papers are written as lines of text, laid out in a grid of characters.

use std::collections::BTreeMap;

use crate::extract_support as support;
use saoy::extract::{ExtractError, Forms, Places, Reading};
use saoy::geom::PixelBox;
use saoy::ocr::PageText;
use saoy::record::{Field, Fields};
use serde_json::{Value, json};
use support::{CELL, page};

/// The same page turned by an angle around its corner, as a skewed scan gives it.
fn skewed(mut page: PageText, degrees: f32) -> PageText {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let shift = 120.0;
    let turn = |x: f32, y: f32| (x * cos - y * sin + shift, x * sin + y * cos + shift);
    for word in &mut page.words {
        let b = word.bbox;
        let corners =
            [(b.x0, b.y0), (b.x1, b.y0), (b.x0, b.y1), (b.x1, b.y1)].map(|(x, y)| turn(x as f32, y as f32));
        let least =
            |pick: fn(&(f32, f32)) -> f32| corners.iter().map(pick).fold(f32::MAX, f32::min).max(0.0) as u32;
        let most = |pick: fn(&(f32, f32)) -> f32| corners.iter().map(pick).fold(0.0, f32::max) as u32;
        word.bbox = PixelBox::new(least(|c| c.0), least(|c| c.1), most(|c| c.0), most(|c| c.1));
    }
    for line in &mut page.lines {
        let [x0, y0, x1, y1] = line.baseline;
        let ((x0, y0), (x1, y1)) = (turn(x0, y0), turn(x1, y1));
        line.baseline = [x0, y0, x1, y1];
    }
    page.width += 240;
    page.height += 240;
    page
}

fn forms() -> Forms {
    Forms::builtin().expect("the built-in forms load")
}

fn read(text: &str) -> Fields {
    forms().extract(&[page(text)], None).expect("auto never fails")
}

fn value(fields: &Fields, name: &str) -> Value {
    fields.fields.get(name).unwrap_or_else(|| panic!("no field {name}")).value.clone()
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a Field {
    fields.fields.get(name).unwrap_or_else(|| panic!("no field {name}"))
}

/// All values that differ from what is expected; fields not named are not compared.
fn differences(fields: &Fields, expected: &[(&str, Value)]) -> BTreeMap<String, (Value, Value)> {
    let wrong = expected.iter().filter(|(name, v)| value(fields, name) != *v);
    wrong.map(|(name, v)| ((*name).to_owned(), (value(fields, name), v.clone()))).collect()
}

const ORIGINAL: &str = "\
    ỦY BAN NHÂN DÂN              CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
     XÃ PHÚ THỊNH                   Độc lập - Tự do - Hạnh phúc

                              GIẤY KHAI SINH
                                Số: 158/2021

Họ, chữ đệm, tên: .... NGUYỄN THỊ ÁNH TUYẾT .........................
Ngày, tháng, năm sinh: 02/7/2021    ghi bằng chữ: Ngày hai, tháng bảy, năm hai nghìn
không trăm hai mươi mốt
Giới tính: Nữ            Dân tộc: Kinh            Quốc tịch: Việt Nam
Nơi sinh: Trạm Y tế xã Phú Thịnh, huyện Sông Mây, tỉnh Hòa Sơn ......
Quê quán: ..........................................................
Số định danh cá nhân: 999321123456
Họ, chữ đệm, tên người mẹ: TRẦN THỊ HOA
Năm sinh: 1995           Dân tộc: H'Mông          Quốc tịch: Việt Nam
Nơi cư trú: Thôn Đông, xã Phú Thịnh, huyện Sông Mây, tỉnh Hòa Sơn rất là xa
ở phía bên kia sông
Họ, chữ đệm, tên người cha: NGUYỄN VĂN BÌNH
Năm sinh: 1990           Dân tộc: Kinh            Quốc tịch: Việt Nam
Nơi cư trú: Thôn Tây, xã Phú Thịnh
Họ, chữ đệm, tên người đi khai sinh: NGUYỄN VĂN BÌNH
Giấy tờ tùy thân: CCCD số 999090123456 do Cục Cảnh sát cấp ngày 01/02/2019
Nơi đăng ký khai sinh: Ủy ban nhân dân xã Phú Thịnh
Ngày, tháng, năm đăng ký: 12/7/2021
                                            NGƯỜI KÝ GIẤY KHAI SINH
                                   (Ký, ghi rõ họ, tên, chức vụ và đóng dấu)
                                                 KT. CHỦ TỊCH
                                                 PHÓ CHỦ TỊCH


                                                Lê Thị Mai Hương
";

fn original_expected() -> Vec<(&'static str, Value)> {
    vec![
        ("issuing_authority", json!("ỦY BAN NHÂN DÂN XÃ PHÚ THỊNH")),
        ("reg_no", json!("158/2021")),
        ("book_no", Value::Null),
        ("doc_variant", json!("ban_chinh")),
        ("child_name", json!("NGUYỄN THỊ ÁNH TUYẾT")),
        ("child_dob", json!("2021-07-02")),
        ("child_dob_words", json!("Ngày hai, tháng bảy, năm hai nghìn không trăm hai mươi mốt")),
        ("child_sex", json!("Nữ")),
        ("child_ethnicity", json!("Kinh")),
        ("child_nationality", json!("Việt Nam")),
        ("birth_place", json!("Trạm Y tế xã Phú Thịnh, huyện Sông Mây, tỉnh Hòa Sơn")),
        ("hometown", Value::Null),
        ("child_pin", json!("999321123456")),
        ("mother_name", json!("TRẦN THỊ HOA")),
        ("mother_birth_year", json!("1995")),
        ("mother_ethnicity", json!("Mông")),
        ("mother_nationality", json!("Việt Nam")),
        (
            "mother_residence",
            json!("Thôn Đông, xã Phú Thịnh, huyện Sông Mây, tỉnh Hòa Sơn rất là xa ở phía bên kia sông"),
        ),
        ("father_name", json!("NGUYỄN VĂN BÌNH")),
        ("father_birth_year", json!("1990")),
        ("father_ethnicity", json!("Kinh")),
        ("father_residence", json!("Thôn Tây, xã Phú Thịnh")),
        ("declarant_name", json!("NGUYỄN VĂN BÌNH")),
        ("declarant_id_doc", json!("CCCD số 999090123456 do Cục Cảnh sát cấp ngày 01/02/2019")),
        ("reg_place", json!("Ủy ban nhân dân xã Phú Thịnh")),
        ("reg_date", json!("2021-07-12")),
        ("signer_name", json!("Lê Thị Mai Hương")),
        ("signer_title", json!("Phó Chủ tịch")),
        ("copy_no", Value::Null),
        ("copy_place_date", Value::Null),
        ("copy_signer", Value::Null),
    ]
}

#[test]
fn an_original_birth_certificate_gives_every_field_without_review() {
    let fields = read(ORIGINAL);
    assert_eq!(fields.form.as_deref(), Some("giay-khai-sinh"));
    assert_eq!(differences(&fields, &original_expected()), BTreeMap::new());
    let review: Vec<_> = fields.fields.iter().filter(|(_, f)| f.review).collect();
    assert!(review.is_empty(), "{review:?}");
    // The code of no province is said, and is no reason for review.
    assert_eq!(field(&fields, "child_pin").problems, ["note: province-code"]);
    let name = field(&fields, "child_name");
    assert_eq!((name.page, name.raw.as_deref()), (Some(1), Some("NGUYỄN THỊ ÁNH TUYẾT")));
    let bbox = name.bbox.expect("words have a place");
    assert_eq!((bbox.x0, bbox.y0), (40 + 23 * CELL.0, 40 + 6 * CELL.1));
}

#[test]
fn a_skewed_page_gives_the_same_fields() {
    for degrees in [-4.0, -1.5, 2.5, 5.0] {
        let fields = forms().extract(&[skewed(page(ORIGINAL), degrees)], None).expect("auto never fails");
        assert_eq!(differences(&fields, &original_expected()), BTreeMap::new(), "{degrees}°");
    }
}

const COPY: &str = "\
                     CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM
                        Độc lập - Tự do - Hạnh phúc

                         GIẤY KHAI SINH (BẢN SAO)
                                                      Số:390
CHỨNG THỰC BẢN SAO ĐÚNG VỚI BẢN CHÍNH
Số chứng thực: 4711 quyển số: 01/2024 - SCT/BS
Ngày 05 tháng 01 năm 2024

Họ, chữ đệm, tên: NGUYỄN VĂN LỢI
Ngày, tháng, năm sinh: 02/7/1990   ghi bằng chữ: Ngày hai, tháng bảy, năm một ngàn
chín trăm chín mươi
Giới tính: Nam     Dân tộc: Kinh     Quốc tịch: Việt Nam
Nơi sinh: Trạm xá Phước Hòa, huyện Long Sơn
Quê quán:
Số định danh cá nhân: /
Họ, chữ đệm, tên người mẹ: PHAN THỊ ĐƯỢC
Năm sinh: 1963     Dân tộc: Kinh     Quốc tịch: Việt Nam
Nơi cư trú: Ấp Hội Mỹ, xã Phước Hòa
Họ, chữ đệm, tên người cha: --------
Năm sinh: ....     Dân tộc: ....     Quốc tịch: ....
Nơi cư trú: ..........................
Họ, chữ đệm, tên người đi khai sinh:
Giấy tờ tùy thân:
Nơi đăng ký khai sinh: Ủy ban nhân dân xã Phước Hòa
Ngày, tháng, năm đăng ký: 07/8/1990

    NGƯỜI KÝ GIẤY KHAI SINH              Sao từ Sổ đăng ký khai sinh
           (Đã ký)                   Long Sơn, ngày 0 9 tháng 6 năm 2023
           CHỦ TỊCH                              NGƯỜI KÝ
         Trần Văn Quý            (Ký, ghi rõ họ, tên, chức vụ và đóng dấu)
                                              KT. CHỦ TỊCH
                                              PHÓ CHỦ TỊCH
Số: 20/GKS-BS

                                            Đặng Quốc Khánh
";

#[test]
fn a_copy_keeps_apart_its_three_numbers_and_dates() {
    let fields = read(COPY);
    let expected = [
        ("reg_no", json!("390")),
        ("doc_variant", json!("ban_sao")),
        ("issuing_authority", Value::Null),
        ("child_name", json!("NGUYỄN VĂN LỢI")),
        ("child_dob", json!("1990-07-02")),
        ("hometown", Value::Null),
        ("child_pin", Value::Null),
        ("father_name", Value::Null),
        ("father_birth_year", Value::Null),
        ("father_ethnicity", Value::Null),
        ("father_residence", Value::Null),
        ("declarant_name", Value::Null),
        ("reg_date", json!("1990-08-07")),
        ("signer_name", json!("Trần Văn Quý")),
        ("signer_title", json!("Chủ tịch")),
        ("copy_no", json!("20/GKS-BS")),
        ("copy_place_date", json!("Long Sơn, ngày 0 9 tháng 6 năm 2023")),
        ("copy_signer", json!("Đặng Quốc Khánh")),
    ];
    assert_eq!(differences(&fields, &expected), BTreeMap::new());
    assert_eq!(field(&fields, "doc_variant").problems, ["note: earlier-certification-stamp"]);
    let review: Vec<_> = fields.fields.iter().filter(|(_, f)| f.review).collect();
    assert!(review.is_empty(), "{review:?}");
}

#[test]
fn damage_in_labels_is_read_through_and_damage_in_values_is_flagged() {
    let damaged = ORIGINAL
        .replace("Họ, chữ đệm, tên: ", "Ho, chừ dệm, tẽn: ")
        .replace("Ngày, tháng, năm sinh", "Ngay thang. nãm sính")
        .replace("người mẹ", "nguời mẹ")
        .replace("GIẤY KHAI SINH", "GIÁY KHAI SINH")
        .replace("Giới tính: Nữ", "Giới tinh: Nữa")
        .replace("TUYẾT", "TUYẾTT")
        .replace("158/2021", "158/2O21");
    let fields = read(&damaged);
    assert_eq!(fields.form.as_deref(), Some("giay-khai-sinh"));
    assert_eq!(value(&fields, "child_name"), json!("NGUYỄN THỊ ÁNH TUYẾTT"));
    assert_eq!(value(&fields, "child_dob"), json!("2021-07-02"));
    assert_eq!(value(&fields, "mother_birth_year"), json!("1995"));
    for (name, problem) in [("child_name", "syllable"), ("child_sex", "sex-format"), ("reg_no", "format")] {
        let field = field(&fields, name);
        assert!(field.review && field.problems.iter().any(|p| p == problem), "{name}: {field:?}");
    }
}

#[test]
fn what_contradicts_is_flagged_on_both_sides() {
    let cases = [
        ("02/7/2021", "03/7/2021", "child_dob", "cross-check: child_dob_words"),
        ("999321123456", "999221123456", "child_sex", "cross-check: child_pin"),
        ("999321123456", "999320123456", "child_pin", "cross-check: child_dob"),
        ("12/7/2021", "01/7/2021", "reg_date", "cross-check: child_dob"),
        ("158/2021", "158/2020", "reg_no", "cross-check: reg_date"),
        ("Năm sinh: 1995", "Năm sinh: 2015", "mother_birth_year", "cross-check: child_dob"),
        ("Năm sinh: 1990", "Năm sinh: 1900", "father_birth_year", "cross-check: child_dob"),
    ];
    for (from, to, name, problem) in cases {
        assert!(ORIGINAL.contains(from));
        let fields = read(&ORIGINAL.replace(from, to));
        let field = field(&fields, name);
        assert!(field.review && field.problems.iter().any(|p| p == problem), "{from} → {to}: {field:?}");
        assert!(field.confidence < 0.5);
    }
}

#[test]
fn a_weak_word_makes_a_weak_field() {
    let mut weak = page(ORIGINAL);
    let word = weak.words.iter_mut().find(|w| w.text == "TUYẾT").expect("the name is there");
    word.confidence = 0.4;
    let fields = forms().extract(&[weak], None).expect("auto never fails");
    assert!(field(&fields, "child_name").review);
    assert_eq!(value(&fields, "child_name"), json!("NGUYỄN THỊ ÁNH TUYẾT"));
}

#[test]
fn a_missing_required_field_goes_to_the_officer() {
    let fields = read(&ORIGINAL.replace(".... NGUYỄN THỊ ÁNH TUYẾT ....", "................"));
    let name = field(&fields, "child_name");
    assert_eq!(
        (&name.value, name.review, name.problems.as_slice()),
        (&Value::Null, true, &["missing".to_owned()][..])
    );
    let fields = read(&ORIGINAL.replace("Quê quán: ", "xxxxxx xx "));
    assert_eq!(field(&fields, "hometown").problems, ["label-not-found"]);
    assert!(field(&fields, "hometown").review);
}

#[test]
fn unknown_papers_give_no_form() {
    for text in [
        "",
        "Hóa đơn bán hàng\nSố: 12\nTổng cộng: 100.000 đồng",
        "Kính gửi anh, tôi gửi giấy khai sinh của cháu",
    ] {
        assert_eq!(read(text), Fields::default(), "{text}");
    }
    let declaration = ORIGINAL.replace("    GIẤY KHAI SINH", "TỜ KHAI ĐĂNG KÝ KHAI SINH");
    assert_eq!(read(&declaration).form, None);
    assert_eq!(forms().extract(&[], None).expect("no page is no form"), Fields::default());
}

#[test]
fn an_unknown_form_is_an_error_that_names_the_known_ones() {
    let error = forms().extract(&[], Some("giay-thong-hanh")).expect_err("no such form");
    assert!(matches!(&error, ExtractError::UnknownForm { .. }));
    let text = error.to_string();
    assert!(
        text.starts_with(r#"no form has the id "giay-thong-hanh"; known are giay-khai-sinh, van-ban, "#),
        "{text}"
    );
}

const DECISION: &str = "\
   ỦY BAN NHÂN DÂN XÃ            CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
       PHÚ THỊNH                    Độc lập - Tự do - Hạnh phúc
 PHÒNG VĂN HÓA - XÃ HỘI
   Số: 15/QĐ-PVHXH                 Phú Thịnh, ngày 05 tháng 3 năm 2026

                            QUYẾT ĐỊNH
          Về việc kiện toàn Ban Chỉ đạo chuyển đổi số
                        xã Phú Thịnh

Căn cứ Luật Tổ chức chính quyền địa phương;
Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ;
QUYẾT ĐỊNH:
Điều 1. Kiện toàn Ban Chỉ đạo chuyển đổi số.
Nơi nhận:                                  TUQ. CHỦ TỊCH
- Như Điều 3;                              TRƯỞNG PHÒNG
- Thường trực Hội đồng nhân dân
xã Phú Thịnh;
- Lưu: VT, TP-HT.

                                         Nguyễn Thị Minh Khai
";

#[test]
fn an_administrative_document_gives_its_components() {
    let fields = read(DECISION);
    assert_eq!(fields.form.as_deref(), Some("van-ban"));
    let expected = [
        ("issuing_authority", json!("PHÒNG VĂN HÓA - XÃ HỘI")),
        ("parent_authority", json!("ỦY BAN NHÂN DÂN XÃ PHÚ THỊNH")),
        ("doc_no", json!("15")),
        ("doc_symbol", json!("QĐ-PVHXH")),
        ("place", json!("Phú Thịnh")),
        ("issue_date", json!("2026-03-05")),
        ("doc_kind", json!("Quyết định")),
        ("subject", json!("Về việc kiện toàn Ban Chỉ đạo chuyển đổi số xã Phú Thịnh")),
        ("recipients", json!(["Như Điều 3", "Thường trực Hội đồng nhân dân xã Phú Thịnh", "Lưu: VT, TP-HT"])),
        ("signer_authority_line", json!("TUQ. CHỦ TỊCH")),
        ("signer_title", json!("Trưởng phòng")),
        ("signer_name", json!("Nguyễn Thị Minh Khai")),
        ("has_seal", Value::Null),
    ];
    assert_eq!(differences(&fields, &expected), BTreeMap::new());
    // Words cannot tell whether there is ink, and nobody looked for red: said, not guessed.
    for (name, why) in [("has_seal", "red-not-told"), ("has_signature", "not-told-by-words")] {
        assert_eq!(field(&fields, name).problems, [why]);
        assert!(field(&fields, name).review);
    }
}

#[test]
fn a_red_seal_is_told_where_red_can_be() {
    let forms = Forms::builtin().expect("the built-in forms load");
    let seal_of = |pages: &[Option<Vec<PixelBox>>]| {
        let pages: Vec<PageText> = pages.iter().map(|s| PageText { seals: s.clone(), ..page("") }).collect();
        let fields = forms.extract(&pages, Some("van-ban")).expect("the form is known");
        let seal = field(&fields, "has_seal");
        (seal.value.clone(), seal.page, seal.bbox, seal.review)
    };
    let (small, large) = (PixelBox::new(10, 10, 60, 60), PixelBox::new(300, 900, 540, 1140));
    // A seal is shown where it stands; the signer's is the last page's.
    assert_eq!(
        seal_of(&[Some(vec![small]), Some(vec![small, large])]),
        (json!("true"), Some(2), Some(large), false)
    );
    // One page that cannot tell does not hide a seal on another, but it hides that there is none.
    assert_eq!(seal_of(&[Some(vec![small]), None]), (json!("true"), Some(1), Some(small), false));
    assert_eq!(seal_of(&[Some(vec![]), None]), (Value::Null, None, None, true));
    // None found is a weaker statement: an officer looks.
    assert_eq!(seal_of(&[Some(vec![])]), (json!("false"), None, None, true));
}

#[test]
fn an_official_letter_has_its_subject_under_the_number() {
    let fields = read(
        "\
      ỦY BAN NHÂN DÂN            CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
        XÃ PHÚ THỊNH                Độc lập - Tự do - Hạnh phúc

     Số: 1208/UBND-VP          Phú Thịnh, ngày 12 tháng 11 năm 2025
 V/v đôn đốc thực hiện số hóa
 kết quả giải quyết thủ tục

        Kính gửi: Trưởng các thôn, tổ dân phố
Ủy ban nhân dân xã yêu cầu các đơn vị thực hiện.
Nơi nhận:                               TM. ỦY BAN NHÂN DÂN
- Như trên;                                KT. CHỦ TỊCH
- Lưu: VT, VP.                             PHÓ CHỦ TỊCH



                                            Trần Văn Lực
",
    );
    let expected = [
        ("issuing_authority", json!("ỦY BAN NHÂN DÂN XÃ PHÚ THỊNH")),
        ("parent_authority", Value::Null),
        ("doc_no", json!("1208")),
        ("doc_symbol", json!("UBND-VP")),
        ("doc_kind", Value::Null),
        ("subject", json!("V/v đôn đốc thực hiện số hóa kết quả giải quyết thủ tục")),
        ("signer_authority_line", json!("TM. ỦY BAN NHÂN DÂN KT. CHỦ TỊCH")),
        ("signer_title", json!("Phó Chủ tịch")),
        ("signer_name", json!("Trần Văn Lực")),
    ];
    assert_eq!(fields.form.as_deref(), Some("van-ban"));
    assert_eq!(differences(&fields, &expected), BTreeMap::new());
}

#[test]
fn a_second_reading_settles_or_flags() {
    let forms = forms();
    let mut weak = page(&ORIGINAL.replace("12/7/2021", "l2/7/2021"));
    for word in weak.words.iter_mut().filter(|w| matches!(w.text.as_str(), "TUYẾT" | "HOA")) {
        word.confidence = 0.4;
    }
    let mut fields = forms.extract(&[weak], None).expect("auto never fails");
    let weak: Vec<(String, Option<String>)> =
        forms.weak_fields(&fields, &Places::default()).into_iter().map(|w| (w.name, w.allowed)).collect();
    let date_chars = Some("0123456789/-.".to_owned());
    assert_eq!(
        weak,
        [
            ("child_name".to_owned(), None),
            ("mother_name".to_owned(), None),
            ("reg_date".to_owned(), date_chars)
        ]
    );
    let reading =
        |name: &str, text: &str| Reading { name: name.to_owned(), text: text.to_owned(), confidence: 0.96 };
    let readings = [
        reading("child_name", "NGUYỄN THỊ ÁNH TUYẾT"),
        reading("mother_name", "TRẦN THỊ HÒA"),
        reading("reg_date", "12/7/2021"),
        reading("no_such_field", "x"),
    ];
    forms.apply_reread(&mut fields, &readings).expect("the form is loaded");
    assert!(!field(&fields, "child_name").review);
    assert_eq!(value(&fields, "mother_name"), json!("TRẦN THỊ HOA"));
    assert_eq!(field(&fields, "mother_name").problems, ["readings-differ"]);
    assert_eq!(value(&fields, "reg_date"), json!("2021-07-12"));
    assert_eq!(field(&fields, "reg_date").problems, ["second-reading"]);
    assert!(field(&fields, "reg_date").review);
}

#[test]
fn what_passes_with_an_unsure_word_is_looked_at_twice() {
    let forms = forms();
    let form = forms.get("giay-khai-sinh").expect("it comes with the program");
    let mut paper = page(ORIGINAL);
    for word in &mut paper.words {
        word.confidence = if word.text == "HOA" { 0.9 } else { 0.999 };
    }
    let (fields, places) = forms.placed_fields(form, &[paper.clone()], &[]);
    assert!(!field(&fields, "mother_name").review, "nothing else speaks against it");
    let looks = forms.second_looks(&fields, &places, &[paper.clone()]);
    assert_eq!(looks.iter().map(|look| look.name.as_str()).collect::<Vec<_>>(), ["mother_name"]);
    let of_name = field(&fields, "mother_name").bbox.expect("it has a place");
    assert_eq!((looks[0].page, looks[0].bbox), (1, of_name));

    let second = |text: &str| {
        let mut fields = fields.clone();
        let reading = Reading { name: "mother_name".to_owned(), text: text.to_owned(), confidence: 0.96 };
        forms.apply_reread(&mut fields, &[reading]).expect("the form is loaded");
        field(&fields, "mother_name").clone()
    };
    assert!(!second("TRẦN THỊ HOA").review);
    let other = second("TRẦN THỊ HÒA");
    assert!(other.review);
    assert_eq!((other.value, other.problems), (json!("TRẦN THỊ HOA"), vec!["readings-differ".to_owned()]));
}

#[test]
fn a_place_left_empty_under_a_seal_is_looked_at_and_elsewhere_it_is_not() {
    let forms = forms();
    let form = forms.get("giay-khai-sinh").expect("it comes with the program");
    let mut paper = page(ORIGINAL);
    paper.words.iter_mut().for_each(|word| word.confidence = 0.999);
    let looks = |paper: &PageText| {
        let (fields, places) = forms.placed_fields(form, std::slice::from_ref(paper), &[]);
        assert_eq!(value(&fields, "hometown"), Value::Null);
        forms.second_looks(&fields, &places, std::slice::from_ref(paper))
    };
    assert_eq!(looks(&paper), []);
    let label = paper.words.iter().find(|word| word.text == "quán:").expect("the label").bbox;
    let (x, y) = (label.x1 + 300, (label.y0 + label.y1) / 2);
    paper.seals = Some(vec![PixelBox::new(x, y - 200, x + 400, y + 200)]);
    let looks = looks(&paper);
    assert_eq!(looks.iter().map(|look| look.name.as_str()).collect::<Vec<_>>(), ["hometown"]);
    assert!(looks[0].bbox.x0 >= label.x1 && looks[0].bbox.x1 > x && looks[0].bbox.y0 == label.y0);
}

/// What the check says about the original with one field changed, and with that field marked `as-on-paper` too.
fn corrected(name: &str, value: Value) -> [Option<String>; 2] {
    let read = read(ORIGINAL);
    [false, true].map(|insisted| {
        let mut officer = read.clone();
        let field = officer.fields.get_mut(name).expect("the form has the field");
        field.value = value.clone();
        if insisted {
            field.problems.push("as-on-paper".into());
        }
        match forms().check_corrections(&read, &officer) {
            Ok(()) => None,
            Err(error) => Some(error.to_string()),
        }
    })
}

#[test]
fn a_correction_must_be_a_value_that_its_field_can_have() {
    for (name, value, expected) in [
        ("child_dob", json!("2021-02-30"), "field child_dob: expected a date that exists"),
        ("child_dob", json!("02/7/2021"), "as YYYY-MM-DD"),
        ("mother_birth_year", json!("199"), "field mother_birth_year: expected a year"),
        ("child_name", json!("NGUYỄN THỊ 4NH"), "field child_name: expected a name"),
        ("child_name", json!(["NGUYỄN", "ÁNH"]), "field child_name: expected one text"),
        ("child_dob_words", json!("Ngày hai"), "field child_dob_words: expected a date in words"),
        ("child_sex", json!("nữ"), "field child_sex: expected Nam or Nữ"),
        ("child_pin", json!("99932112345"), "field child_pin: expected twelve digits"),
        ("reg_no", json!("158 / 2021"), "field reg_no: expected a number"),
        ("child_ethnicity", json!("Kin"), "field child_ethnicity: expected a value of the list dan-toc"),
        ("doc_variant", json!("original"), "field doc_variant: expected one of "),
        ("birth_place", json!("  "), "field birth_place: expected words"),
        ("birth_place", json!("Trạm\nxá"), "field birth_place: expected words"),
        // Rules between fields.
        ("child_dob", json!("2021-07-03"), "field child_dob: it contradicts child_dob_words"),
        ("child_sex", json!("Nam"), "field child_sex: it contradicts child_pin"),
        ("reg_date", json!("2021-07-01"), "field reg_date: it contradicts child_dob"),
        ("reg_no", json!("158/2020"), "field reg_no: it contradicts reg_date"),
        ("mother_birth_year", json!("2015"), "field mother_birth_year: it contradicts child_dob"),
    ] {
        let [refused, insisted] = corrected(name, value.clone());
        assert!(refused.as_deref().is_some_and(|e| e.contains(expected)), "{name} {value}: {refused:?}");
        // An officer may say that the paper has it so; a date is a date.
        let no_date = matches!(name, "child_dob" | "mother_birth_year") && expected.contains(": expected")
            || expected.starts_with("as ");
        assert_eq!(insisted.is_some(), no_date, "{name} {value}: {insisted:?}");
    }
    for (name, value) in [
        ("child_name", json!("LÊ THỊ ÁNH TUYẾT")), // neither parent's surname
        ("child_name", json!("Y ANG KRXH")),
        ("hometown", json!("Xã Phú Thịnh, tỉnh Hoà Sơn")),
        ("child_pin", Value::Null),
        ("child_ethnicity", json!("Mông")),
        ("mother_birth_year", json!("1996")),
    ] {
        assert_eq!(corrected(name, value.clone()), [None, None], "{name} {value}");
    }
}

#[test]
fn what_was_left_as_read_is_not_held_against_the_officer() {
    let odd =
        ORIGINAL.replace("Giới tính: Nữ", "Giới tính: Nam").replace("Dân tộc: Kinh ", "Dân tộc: Xyzxyz ");
    let read = read(&odd);
    assert!(field(&read, "child_sex").problems.iter().any(|p| p.starts_with("cross-check: ")));
    assert_eq!(field(&read, "child_ethnicity").problems, ["list-unknown"]);
    let mut officer = read.clone();
    officer.fields.get_mut("hometown").expect("it is a field").value = json!("Xã Phú Thịnh");
    assert!(forms().check_corrections(&read, &officer).is_ok());
    // Of another form than was read, every value is the officer's own.
    officer.form = Some("van-ban".into());
    officer.fields.retain(|name, _| name == "signer_title");
    officer.fields.get_mut("signer_title").expect("it is a field").value = json!("Phó Chủ tịt");
    assert!(forms().check_corrections(&Fields::default(), &officer).is_err());
}

#[test]
fn every_field_of_the_built_in_forms_has_a_title() {
    let forms = forms();
    for form in forms.iter() {
        let titles: Vec<&str> = form.field_names().filter_map(|name| form.field_title(name)).collect();
        let different: BTreeMap<&str, ()> = titles.iter().map(|t| (*t, ())).collect();
        assert_eq!(
            (titles.len(), different.len()),
            (form.field_names().count(), titles.len()),
            "{}",
            form.id()
        );
        assert_eq!(form.field_title("no_field"), None);
    }
}

#[test]
fn at_most_four_fields_are_sealed_and_none_is_sensitive() {
    for form in forms().iter() {
        assert!((1..=4).contains(&form.seal_fields().len()), "{}", form.id());
        assert!(form.seal_fields().iter().all(|name| !form.is_sensitive(name)));
    }
    let forms = forms();
    let birth = forms.get("giay-khai-sinh").expect("built in");
    assert_eq!(birth.seal_fields(), ["reg_no", "child_name", "child_dob", "child_sex"]);
    assert!(birth.is_sensitive("mother_ethnicity"));
}

/// A form that loads; each case breaks one thing of it.
const SMALL: &str = r#"id = "small"
title = "Small"
source = "test"
version = 1
[classify]
min_score = 1.0
anchor = [{ text = ["PHIẾU THỬ"] }]
[label]
name = { text = ["Họ tên"] }
[[field]]
name = "a"
type = "name"
at = [{ take = "right", label = "name" }]
"#;

fn load(source: &str) -> Result<Forms, ExtractError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("small.toml"), source).expect("writable");
    Forms::load(folder.path())
}

#[test]
fn a_folder_of_forms_is_read() {
    let forms = load(SMALL).expect("the small form is right");
    let fields = forms.extract(&[page("PHIẾU THỬ\nHọ tên: Nguyễn Văn An")], None).expect("auto never fails");
    assert_eq!(value(&fields, "a"), json!("Nguyễn Văn An"));
    let missing = Forms::load(std::path::Path::new("/nonexistent/forms")).expect_err("no such folder");
    assert!(matches!(missing, ExtractError::Read { .. }));
}

#[test]
fn a_broken_form_file_names_file_line_and_what_was_expected() {
    let field = |name: &str, more: &str| {
        format!(
            "[[field]]\nname = \"{name}\"\ntype = \"text\"\n{more}\nat = [{{ take = \"right\", label = \"name\" }}]\n"
        )
    };
    let seals: String = ["b", "c", "d", "e", "f"].map(|n| field(n, "seal = true")).concat();
    let cases: Vec<(String, usize, &str)> = vec![
        (SMALL.replace("version = 1", "version = 2"), 4, "expected version = 1"),
        (SMALL.replace("min_score", "minscore"), 6, "unknown field `minscore`"),
        (SMALL.replace("type = \"name\"", "type = \"nam\""), 12, "unknown variant `nam`"),
        (SMALL.replace("label = \"name\"", "label = \"nom\""), 13, "no label \"nom\""),
        (SMALL.replace(", label = \"name\"", ""), 11, "expected a label beside take"),
        (SMALL.replace("name = \"a\"", "name = \"Á\""), 11, "expected lower-case letters"),
        (SMALL.replace("[\"Họ tên\"]", "[\"...\"]"), 9, "expected printed words"),
        (SMALL.replace("type = \"name\"", "type = \"list\"\nlist = \"x\""), 13, "no list \"x\""),
        (
            SMALL.replace("type = \"name\"", "type = \"name\"\nformat = '('"),
            13,
            "expected a regular expression",
        ),
        (format!("{SMALL}{}", field("a", "")), 15, "field \"a\" is there twice"),
        (format!("{SMALL}{}", field("b", "seal = true\nsensitive = true")), 15, "expected no seal = true"),
        (format!("{SMALL}{seals}"), 35, "expected at most 4"),
        (format!("{SMALL}[[rule]]\nkind = \"order\"\nfields = [\"a\", \"z\"]\n"), 16, "no field \"z\""),
        (format!("{SMALL}[[rule]]\nkind = \"order\"\nfields = [\"a\"]\n"), 16, "expected 2 fields"),
        (format!("{SMALL}[[rule]]\nkind = \"order\"\nfields = [\"a\", \"a\"]\n"), 16, "not it again"),
        (
            format!(
                "{SMALL}{}[[rule]]\nkind = \"age\"\nmin = 9\nmax = 3\nfields = [\"a\", \"b\"]\n",
                field("b", "")
            ),
            23,
            "no age lies between",
        ),
        (SMALL.replace("min_score = 1.0", "min_score = 3.0"), 6, "min_score: expected at most 1"),
        (
            SMALL.replace("label = \"name\" }]", "label = \"name\", zone = [0.9, 0.0, 0.1, 0.4] }]"),
            13,
            "expected a zone",
        ),
        (
            SMALL.replace("[\"PHIẾU THỬ\"]", "[\"PHIẾU THỬ\"], zone = [0.0, 0.5, 1.0, 1.5]"),
            7,
            "expected a zone",
        ),
        (SMALL.replace("[[field]]", "[[field"), 10, ""),
    ];
    for (source, line, expected) in cases {
        match load(&source) {
            Err(ExtractError::Form { file, line: found, expected: said }) => {
                assert!(file.ends_with("small.toml"));
                assert!(said.contains(expected), "expected {expected:?} in {said:?}");
                assert_eq!(found, line, "{said}");
            }
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[test]
fn what_stands_together_on_a_paper_is_missed_where_one_part_was_not_read() {
    let unread = ORIGINAL.replace("Nơi cư trú: Thôn Tây, xã Phú Thịnh", "Nơi cư trú: ......................");
    let fields = read(&unread);
    let residence = field(&fields, "father_residence");
    assert_eq!((&residence.value, residence.review), (&Value::Null, true));
    assert_eq!(residence.problems, ["missing"]);
    // Of a father of whom nothing stands there nothing is missed.
    let none = unread.replace("người cha: NGUYỄN VĂN BÌNH", "người cha: ..............").replace(
        "Năm sinh: 1990           Dân tộc: Kinh            Quốc tịch: Việt Nam",
        "Năm sinh: ....           Dân tộc: ....            Quốc tịch: ........",
    );
    assert!(!field(&read(&none), "father_residence").review);
}

#[test]
fn behind_a_speck_a_value_begins_as_far_from_its_label_as_it_likes() {
    let speck = "Nơi cư trú: .                                      Thôn Tây, xã Phú Thịnh";
    let fields = read(&ORIGINAL.replace("Nơi cư trú: Thôn Tây, xã Phú Thịnh", speck));
    assert_eq!(value(&fields, "father_residence"), json!("Thôn Tây, xã Phú Thịnh"));
}

#[test]
fn a_place_that_the_paper_spells_otherwise_outside_all_fields_is_flagged() {
    let misread = ORIGINAL.replace("Sông Mây", "Sông Máy");
    assert!(!field(&read(&misread), "birth_place").problems.contains(&"spelt-twice".to_owned()));
    let fields = read(&format!("{misread}\n\n\n\nBản này được lập tại huyện Sông Mây\n"));
    for name in ["birth_place", "mother_residence"] {
        let field = field(&fields, name);
        assert!(field.review && field.problems.contains(&"spelt-twice".to_owned()), "{name}: {field:?}");
    }
    assert!(!field(&fields, "reg_place").review);
}
