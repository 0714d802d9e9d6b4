//! The forms beyond the birth certificate, from words laid out in a grid of characters: columns, codes, zones, numbers in words.

use crate::extract_support as support;
use saoy::extract::{Forms, PageCode, Places, Reading, learn};
use saoy::geom::PixelBox;
use saoy::record::{Field, Fields};
use serde_json::{Value, json};
use support::page;

fn read(text: &str) -> Fields {
    Forms::builtin().unwrap().extract(&[page(text)], None).unwrap()
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a Field {
    fields.fields.get(name).unwrap_or_else(|| panic!("no field {name}"))
}

/// All values that differ from what is expected.
fn differences(fields: &Fields, expected: &[(&str, Value)]) -> Vec<String> {
    let wrong = expected.iter().filter(|(name, v)| field(fields, name).value != *v);
    wrong.map(|(name, v)| format!("{name}: {} for {v}", field(fields, name).value)).collect()
}

const MARRIAGE: &str = "\
                 CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
                    Độc lập - Tự do - Hạnh phúc

                    GIẤY CHỨNG NHẬN KẾT HÔN
                           Số: 31/2021

Họ, chữ đệm, tên vợ: MẠC NGỌC DUYÊN       Họ, chữ đệm, tên chồng: VŨ VĂN SƠN
Ngày, tháng, năm sinh: 20/12/1989         Ngày, tháng, năm sinh: 29/12/1992
Dân tộc: Kinh                             Dân tộc: H'Mông
Quốc tịch: Việt Nam                       Quốc tịch: Việt Nam
Nơi cư trú: xã Trúc Lụa, huyện Yên        Nơi cư trú: Tổ dân phố số 7, thị trấn
Hưng, tỉnh An Lĩnh                        Nậm Thảo, tỉnh Bình Lâm
Giấy tờ tùy thân: Thẻ căn cước số         Giấy tờ tùy thân: CMND số 999123456 do
999189167955 do Công an tỉnh An Lĩnh      Công an tỉnh Bình Lâm cấp ngày
cấp ngày 18/3/2018                        19/7/2017
Nơi đăng ký kết hôn: Ủy ban nhân dân xã Trúc Lụa, huyện Yên Hưng, tỉnh An Lĩnh
Ngày, tháng, năm đăng ký: 13/3/2021
             Vợ                                     Chồng

                        NGƯỜI KÝ GIẤY CHỨNG NHẬN KẾT HÔN
                                 PHÓ CHỦ TỊCH

                               Dương Đình Bình";

#[test]
fn each_column_of_a_marriage_certificate_is_its_own() {
    let fields = read(MARRIAGE);
    assert_eq!(fields.form.as_deref(), Some("giay-chung-nhan-ket-hon"));
    let expected = [
        ("reg_no", json!("31/2021")),
        ("wife.name", json!("MẠC NGỌC DUYÊN")),
        ("wife.dob", json!("1989-12-20")),
        ("wife.ethnicity", json!("Kinh")),
        ("wife.residence", json!("xã Trúc Lụa, huyện Yên Hưng, tỉnh An Lĩnh")),
        ("wife.id_type", json!("Thẻ căn cước")),
        ("wife.id_no", json!("999189167955")),
        ("wife.id_date", json!("2018-03-18")),
        ("wife.id_place", json!("Công an tỉnh An Lĩnh")),
        ("husband.name", json!("VŨ VĂN SƠN")),
        ("husband.dob", json!("1992-12-29")),
        ("husband.ethnicity", json!("Mông")),
        ("husband.residence", json!("Tổ dân phố số 7, thị trấn Nậm Thảo, tỉnh Bình Lâm")),
        ("husband.id_type", json!("CMND")),
        ("husband.id_no", json!("999123456")),
        ("husband.id_date", json!("2017-07-19")),
        ("husband.id_place", json!("Công an tỉnh Bình Lâm")),
        ("reg_date", json!("2021-03-13")),
        ("signer_name", json!("Dương Đình Bình")),
        ("signer_title", json!("Phó Chủ tịch")),
    ];
    assert_eq!(differences(&fields, &expected), Vec::<String>::new());
}

#[test]
fn a_place_whose_words_are_not_as_expected_is_flagged_and_not_silently_empty() {
    let fields = read(&MARRIAGE.replace("cấp ngày 18/3/2018", "cấp hồi 2018"));
    let date = field(&fields, "wife.id_date");
    assert!(date.value.is_null() && date.review, "{date:?}");
    assert_eq!(date.problems, ["not-as-expected"]);
}

#[test]
fn a_slash_read_as_a_stroke_is_proposed_and_goes_to_the_officer() {
    let fields = read(&MARRIAGE.replace("31/2021", "31I2021"));
    let number = field(&fields, "reg_no");
    assert_eq!((&number.value, number.review), (&json!("31/2021"), true));
    assert!(number.problems.iter().any(|p| p == "slash-read"));
}

const CARD: &str = "\
                   CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
                      Độc lập - Tự do - Hạnh phúc
                         CĂN CƯỚC CÔNG DÂN
                       Citizen Identity Card
                  Số / No.: 999193069980
                  Họ và tên / Full name:
                  NGUYỄN HỒNG HÀ
                  Ngày sinh / Date of birth: 16/09/1993
                  Giới tính / Sex: Nữ      Quốc tịch / Nationality: Việt Nam
                  Quê quán / Place of origin:
                  xã Cẩm Hạc, huyện Lạc Hồng, tỉnh An Lĩnh
                  Nơi thường trú / Place of residence: Ấp Hạ, xã Cẩm
                  Hạc, tỉnh An Lĩnh
    Có giá trị đến: 16/09/2033

      Đặc điểm nhận dạng / Personal identification:
      Nốt ruồi C: 1cm dưới sau cánh mũi phải
      Ngày, tháng, năm / Date, month, year: 12/02/2022
               CỤC TRƯỞNG CỤC CẢNH SÁT
          QUẢN LÝ HÀNH CHÍNH VỀ TRẬT TỰ XÃ HỘI

      IDVNM1930699801999193069980<<0
      9309164F3309162VNM<<<<<<<<<<<6
      NGUYEN<<HONG<HA<<<<<<<<<<<<<<<";

fn card(text: &str, code: &str) -> Fields {
    let forms = Forms::builtin().unwrap();
    let code = PageCode { page: 1, text: code.to_owned(), bbox: PixelBox::new(900, 40, 1000, 140) };
    forms.fields(forms.get("cccd").unwrap(), &[page(text)], &[code])
}

const CODE: &str =
    "999193069980|999123456|Nguyễn Hồng Hà|16091993|Nữ|Ấp Hạ, xã Cẩm Hạc, tỉnh An Lĩnh|12022022";

#[test]
fn print_zone_and_code_of_a_card_are_compared() {
    assert_eq!(read(CARD).form.as_deref(), Some("cccd"));
    let fields = card(CARD, CODE);
    let expected = [
        ("pin", json!("999193069980")),
        ("full_name", json!("NGUYỄN HỒNG HÀ")),
        ("dob", json!("1993-09-16")),
        ("sex", json!("Nữ")),
        ("hometown", json!("xã Cẩm Hạc, huyện Lạc Hồng, tỉnh An Lĩnh")),
        ("residence", json!("Ấp Hạ, xã Cẩm Hạc, tỉnh An Lĩnh")),
        ("issue_date", json!("2022-02-12")),
        ("expiry_date", json!("2033-09-16")),
        ("old_id_no", json!("999123456")),
        ("issuing_authority", json!("CỤC TRƯỞNG CỤC CẢNH SÁT QUẢN LÝ HÀNH CHÍNH VỀ TRẬT TỰ XÃ HỘI")),
        ("qr", json!(CODE)),
    ];
    assert_eq!(differences(&fields, &expected), Vec::<String>::new());
    assert!(!field(&fields, "pin").review && !field(&fields, "mrz").review, "{:?}", field(&fields, "mrz"));

    // The print says another digit than zone and code do: the officer looks at all three.
    let wrong = card(&CARD.replace("No.: 999193069980", "No.: 999193069981"), CODE);
    for name in ["pin", "mrz", "qr"] {
        let field = field(&wrong, name);
        assert!(
            field.review && field.problems.iter().any(|p| p.starts_with("cross-check")),
            "{name} {field:?}"
        );
    }
    // A code that was not read is said, and not made up.
    let forms = Forms::builtin().unwrap();
    let without = forms.fields(forms.get("cccd").unwrap(), &[page(CARD)], &[]);
    assert_eq!(field(&without, "qr").problems, ["code-not-read"]);
    assert!(field(&without, "old_id_no").value.is_null());
}

#[test]
fn a_zone_is_read_again_line_by_line() {
    let forms = Forms::builtin().unwrap();
    let torn = CARD.replace("9309164F3309162VNM<<<<<<<<<<<6", "9309164F33O9762VNM<<<<<<6");
    let mut fields = card(&torn, CODE);
    let weak: Vec<_> =
        forms.weak_fields(&fields, &Places::default()).into_iter().filter(|w| w.name == "mrz").collect();
    assert_eq!(weak.len(), 3);
    assert!(weak[0].bbox.y1 <= weak[1].bbox.y0 + 1 && weak[1].bbox.y1 <= weak[2].bbox.y0 + 1);
    assert!(weak.iter().all(|w| w.allowed.as_deref().is_some_and(|a| a.contains('<') && !a.contains('a'))));
    let lines = [
        "IDVNM1930699801999193069980<<0",
        "9309164F3309162VNM<<<<<<<<<<<6",
        "NGUYEN<<HONG<HA<<<<<<<<<<<<<<<",
    ];
    let readings: Vec<Reading> = lines
        .iter()
        .map(|text| Reading { name: "mrz".to_owned(), text: (*text).to_owned(), confidence: 0.9 })
        .collect();
    forms.apply_reread(&mut fields, &readings).unwrap();
    assert_eq!(field(&fields, "mrz").value, json!(lines));
    assert!(!field(&fields, "mrz").review, "{:?}", field(&fields, "mrz"));
}

#[test]
fn a_capital_that_its_words_contradict_goes_to_the_officer() {
    let text = "\
   SỞ TÀI CHÍNH TỈNH AN LĨNH        CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
   PHÒNG ĐĂNG KÝ KINH DOANH             Độc lập - Tự do - Hạnh phúc

              GIẤY CHỨNG NHẬN ĐĂNG KÝ DOANH NGHIỆP
                 Mã số doanh nghiệp: 9990000000
           Đăng ký lần đầu: ngày 26 tháng 01 năm 2013
1. Tên công ty
Tên công ty viết bằng tiếng Việt: CÔNG TY TNHH SAO KHUÊ
2. Địa chỉ trụ sở chính
Ấp Hạ, phường Vĩnh Thảo, tỉnh An Lĩnh
Điện thoại: 0912345678
3. Vốn điều lệ: 9.900.000.000 đồng
Bằng chữ: Chín tỷ chín trăm triệu đồng
5. Người đại diện theo pháp luật của công ty
* Họ và tên: DƯƠNG THẾ HÙNG          Giới tính: Nam";
    let good = read(text);
    assert_eq!(good.form.as_deref(), Some("dang-ky-doanh-nghiep"));
    let expected = [
        ("enterprise_no", json!("9990000000")),
        ("charter_capital", json!("9.900.000.000")),
        ("head_office", json!("Ấp Hạ, phường Vĩnh Thảo, tỉnh An Lĩnh")),
        ("phone", json!("0912345678")),
        ("change_date", Value::Null),
        ("representative.name", json!("DƯƠNG THẾ HÙNG")),
    ];
    assert_eq!(differences(&good, &expected), Vec::<String>::new());
    assert!(!field(&good, "charter_capital").review);
    let bad = read(&text.replace("9.900.000.000", "9.800.000.000"));
    assert!(field(&bad, "charter_capital").review && field(&bad, "charter_capital_words").review);
    // And a number whose check digit is wrong.
    let bad = read(&text.replace("9990000000", "9990000001"));
    assert_eq!(field(&bad, "enterprise_no").problems, ["check-digit"]);
}

#[test]
fn a_paper_that_no_form_describes_gets_none() {
    let heading = "   CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\n      Độc lập - Tự do - Hạnh phúc\n\n";
    for title in [
        "TỜ KHAI ĐĂNG KÝ KẾT HÔN",
        "TỜ KHAI CẤP GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN",
        "ĐƠN ĐỀ NGHỊ CẤP GIẤY PHÉP LÁI XE",
        "GIẤY ĐỀ NGHỊ ĐĂNG KÝ DOANH NGHIỆP",
        "GIẤY BÁO TỬ",
        "HỢP ĐỒNG CHUYỂN NHƯỢNG QUYỀN SỬ DỤNG ĐẤT",
        "TỜ KHAI CĂN CƯỚC",
        "BẢNG ĐIỂM",
        "GIẤY KHÁM SỨC KHỎE",
        "PHIẾU THU NHẬN THÔNG TIN CĂN CƯỚC",
    ] {
        let text = format!(
            "{heading}        {title}\n\nHọ và tên: Nguyễn Văn An\nNgày, tháng, năm sinh: 02/7/1990\nNơi cư trú: xã Cẩm Hạc\n"
        );
        assert_eq!(read(&text).form, None, "{title}");
    }
    assert_eq!(read("").form, None);
}

#[test]
fn a_blank_form_gives_a_file_that_loads_and_reads() {
    let blank = "\
              CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
                 Độc lập - Tự do - Hạnh phúc

                  GIẤY XÁC NHẬN CƯ TRÚ

Họ và tên: ..............................................
Ngày, tháng, năm sinh: ...............   Giới tính: .............
Dân tộc: ...............   Số định danh cá nhân: ............
Nơi cư trú hiện tại ...............................................";
    let file = learn(&[page(blank)], "xac-nhan-cu-tru").unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("xac-nhan-cu-tru.toml"), &file).unwrap();
    let forms = Forms::load(folder.path()).unwrap_or_else(|e| panic!("{e}\n{file}"));
    let filled = "\
              CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
                 Độc lập - Tự do - Hạnh phúc

                  GIẤY XÁC NHẬN CƯ TRÚ

Họ và tên: Nguyễn Hồng Hà
Ngày, tháng, năm sinh: 16/9/1993         Giới tính: Nữ
Dân tộc: Kinh              Số định danh cá nhân: 999193069980
Nơi cư trú hiện tại Ấp Hạ, xã Cẩm Hạc, tỉnh An Lĩnh";
    let fields = forms.extract(&[page(filled)], None).unwrap();
    assert_eq!(fields.form.as_deref(), Some("xac-nhan-cu-tru"));
    let expected = [
        ("ho_va_ten", json!("Nguyễn Hồng Hà")),
        ("ngay_thang_nam_sinh", json!("1993-09-16")),
        ("gioi_tinh", json!("Nữ")),
        ("dan_toc", json!("Kinh")),
        ("so_dinh_danh_ca", json!("999193069980")),
        ("noi_cu_tru_hien", json!("Ấp Hạ, xã Cẩm Hạc, tỉnh An Lĩnh")),
    ];
    assert_eq!(differences(&fields, &expected), Vec::<String>::new());
    assert!(learn(&[page("vài dòng chữ")], "x").is_none());
}

#[test]
fn a_certificate_whose_title_a_seal_hides_is_no_administrative_document() {
    let text = "\
   ỦY BAN NHÂN DÂN            CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
     XÃ BẢN MÂY                  Độc lập - Tự do - Hạnh phúc
   Số: 240/2026

Họ, chữ đệm, tên: NGUYỄN MINH AN
Họ, chữ đệm, tên người mẹ: Bùi Diệu Lan
Họ, chữ đệm, tên người cha: Nguyễn Trọng Hải
Nơi đăng ký khai sinh: Ủy ban nhân dân xã Bản Mây, tỉnh Phú Nguyên";
    assert_eq!(read(text).form.as_deref(), Some("giay-khai-sinh"));
    // With too little left of it, it is nothing rather than something else.
    let torn: String = text.lines().take(5).map(|line| format!("{line}\n")).collect();
    assert_eq!(read(&torn).form, None);
}

#[test]
fn an_address_that_breaks_off_or_names_no_place_goes_to_the_officer() {
    for (from, to, problem) in [
        ("Hưng, tỉnh An Lĩnh", "Hưng, tỉnh", "address-incomplete"),
        ("Hưng, tỉnh An Lĩnh", "Hưng, tỉnh An", "address-incomplete"),
        ("xã Trúc Lụa, huyện Yên  ", "xã Trúc Lưạ, huyện Yên  ", "place-rare"),
        ("Hưng, tỉnh An Lĩnh", "Hưng, tỉnh Hà Giăng", "province-near"),
    ] {
        assert!(MARRIAGE.contains(from), "{from}");
        let fields = read(&MARRIAGE.replacen(from, to, 1));
        let residence = field(&fields, "wife.residence");
        assert!(residence.review && residence.problems.iter().any(|p| p == problem), "{to}: {residence:?}");
    }
    // A province by its name alone, old or new, is the end of an address.
    let fields = read(&MARRIAGE.replacen("Hưng, tỉnh An Lĩnh", "Hưng, Hà Giang", 1));
    let residence = field(&fields, "wife.residence");
    assert!(!residence.problems.iter().any(|p| p == "address-incomplete"), "{residence:?}");
}

#[test]
fn a_phrase_is_proposed_as_it_is_spelt_and_a_place_is_not_taken_for_one() {
    let fields = read(&MARRIAGE.replace("Tổ dân phố số 7", "Tố dân phố số 7"));
    let residence = field(&fields, "husband.residence");
    assert_eq!(residence.value, json!("Tổ dân phố số 7, thị trấn Nậm Thảo, tỉnh Bình Lâm"));
    assert!(residence.review && residence.problems.iter().any(|p| p == "phrase-misspelt"), "{residence:?}");
    // Hà Tĩnh is no misspelt tỉnh.
    let fields = read(&MARRIAGE.replace("tỉnh Bình Lâm", "tỉnh Hà Tĩnh"));
    let residence = field(&fields, "husband.residence");
    assert!(!residence.problems.iter().any(|p| p == "phrase-misspelt"), "{residence:?}");
}

#[test]
fn a_zone_misread_in_look_alikes_is_what_the_print_says_and_a_contradiction_is_flagged() {
    let code = "999193069980||Nguyễn Hồng Hà|16091993|Nữ|Ấp Hạ, xã Cẩm Hạc, tỉnh An Lĩnh|12022022";
    let zone = json!([
        "IDVNM1930699801999193069980<<0",
        "9309164F3309162VNM<<<<<<<<<<<6",
        "NGUYEN<<HONG<HA<<<<<<<<<<<<<<<"
    ]);
    let alike = CARD.replace("IDVNM1930699801999193069980<<0", "TDVNM193O69980I999193069980<<O");
    let fields = card(&alike.replace("9309164F3309162VNM<<<<<<<<<<<6", "93O9164F3309162VNM<<<<<<<<<6"), code);
    let mrz = field(&fields, "mrz");
    assert_eq!((&mrz.value, mrz.review), (&zone, false), "{mrz:?}");
    assert_eq!(mrz.problems, ["note: from-print"]);
    // Another digit, and too few fillers: the zone is proposed, the officer decides.
    let fields = card(&CARD.replace("9309164F3309162VNM<<<<<<<<<<<6", "9309164F3309762VNM<<<<<<<<<6"), code);
    let mrz = field(&fields, "mrz");
    assert!(mrz.review, "{mrz:?}");
}

#[test]
fn a_line_that_was_not_read_is_missed_where_its_neighbours_stand() {
    let text = "\
   ỦY BAN NHÂN DÂN            CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
     XÃ SUỐI TRĂNG                Độc lập - Tự do - Hạnh phúc
   Số: 637/UBND-XNTTHN

             GIẤY XÁC NHẬN TÌNH TRẠNG HÔN NHÂN
























Họ, chữ đệm, tên: PHAN HỒNG NHUNG
Nơi cư trú: xã Suối Trăng, tỉnh Bình Lâm
từ ngày 01 tháng 10 năm 2011        đến ngày 05 tháng 4 năm 2022
Tình trạng hôn nhân: Chưa đăng ký kết hôn với ai
Giấy này có giá trị 6 tháng kể từ ngày cấp";
    let fields = read(text);
    assert_eq!(fields.form.as_deref(), Some("giay-xac-nhan-tinh-trang-hon-nhan"));
    assert!(field(&fields, "stay_place").review, "{:?}", field(&fields, "stay_place"));
    assert_eq!(field(&fields, "stay_from").value, json!("2011-10-01"));
    // Without them the paper has no such line.
    let without = text.replace("từ ngày 01 tháng 10 năm 2011        đến ngày 05 tháng 4 năm 2022\n", "");
    assert!(!read(&without).fields["stay_place"].problems.iter().any(|p| p.contains("not-found")));
}
