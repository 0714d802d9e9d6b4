//! Plausible office prose, put together from parts; it says nothing about anyone.

use time::{Date, Duration};

use super::dates;
use super::dice::Dice;
use super::people::Place;

const SENTENCES: [&str; 56] = [
    "Thực hiện chỉ đạo của cấp có thẩm quyền về việc nâng cao chất lượng phục vụ người dân, {unit} yêu cầu các bộ phận liên quan khẩn trương rà soát, hoàn thiện hồ sơ trước {date}.",
    "Các thôn, tổ dân phố có trách nhiệm thông báo rộng rãi nội dung này trên hệ thống truyền thanh cơ sở ít nhất {n} lần trong tuần.",
    "Trong quá trình triển khai, nếu có khó khăn, vướng mắc, đề nghị các đơn vị kịp thời phản ánh bằng văn bản để được xem xét, giải quyết theo quy định.",
    "Tổng số hồ sơ tiếp nhận trong kỳ là {k} hồ sơ, trong đó đã giải quyết đúng hạn {n}%, còn lại đang được xử lý theo quy trình.",
    "Công chức được phân công chịu trách nhiệm kiểm tra tính đầy đủ, hợp lệ của thành phần hồ sơ và cập nhật kết quả lên hệ thống thông tin giải quyết thủ tục hành chính.",
    "Kinh phí thực hiện được bố trí từ nguồn ngân sách địa phương năm {year} với tổng mức {m}.000.000 đồng, quyết toán theo chế độ hiện hành.",
    "Việc số hóa giấy tờ phải bảo đảm số lượng ảnh chụp đúng bằng số trang của bản giấy, rõ nét, đầy đủ và theo đúng thứ tự.",
    "Người dân không phải nộp lại những giấy tờ đã được số hóa và còn giá trị sử dụng theo quy định của pháp luật.",
    "Giao công chức Tư pháp - Hộ tịch chủ trì, phối hợp với công chức Văn phòng - Thống kê tổng hợp số liệu, báo cáo trước {date}.",
    "Đoàn kiểm tra làm việc tại {place} trong thời gian {n} ngày, kể từ {date}, theo kế hoạch đã được phê duyệt.",
    "Qua kiểm tra thực tế tại {n} hộ gia đình thuộc {place}, tổ công tác ghi nhận việc chấp hành các quy định về đất đai, xây dựng cơ bản nghiêm túc.",
    "Mọi tổ chức, cá nhân có ý kiến góp ý xin gửi về Bộ phận Tiếp nhận và Trả kết quả trong giờ hành chính các ngày làm việc trong tuần.",
    "Bên cạnh những kết quả đạt được, công tác phối hợp giữa các bộ phận có lúc còn chưa chặt chẽ, việc cập nhật dữ liệu còn chậm so với yêu cầu.",
    "Nguyên nhân chủ yếu là do khối lượng công việc tăng đột biến vào thời điểm cuối quý, trong khi trang thiết bị phục vụ chưa được bổ sung kịp thời.",
    "Thời gian tới, {unit} tập trung thực hiện đồng bộ {n} nhóm nhiệm vụ trọng tâm, trong đó ưu tiên bồi dưỡng kỹ năng số cho đội ngũ cán bộ, công chức.",
    "Các trường học trên địa bàn bố trí phòng học, bàn ghế và nước uống bảo đảm cho {k} học sinh bước vào năm học mới.",
    "Lực lượng dân quân, công an và bảo vệ dân phố tổ chức tuần tra khép kín từ 22 giờ hôm trước đến 5 giờ sáng hôm sau.",
    "Hội Phụ nữ, Đoàn Thanh niên, Hội Nông dân và Hội Cựu chiến binh tuyên truyền, vận động hội viên tích cực hưởng ứng phong trào.",
    "Diện tích gieo trồng vụ mùa năm nay đạt {k} héc-ta, bằng {n}% kế hoạch, năng suất bình quân ước đạt {n} tạ trên một héc-ta.",
    "Trạm Y tế duy trì trực 24/24 giờ, chuẩn bị đủ cơ số thuốc, vật tư và phương tiện để sẵn sàng xử lý các tình huống phát sinh.",
    "Đề nghị các doanh nghiệp, hộ kinh doanh niêm yết giá công khai, bán đúng giá niêm yết và chịu trách nhiệm về chất lượng hàng hóa.",
    "Căn cứ biên bản họp ngày {slash}, các thành viên thống nhất thông qua phương án với tỷ lệ tán thành {n} phần trăm.",
    "Tuyến đường từ nhà văn hóa đến cầu treo dài {k} mét đã xuống cấp, mặt đường nhiều ổ gà, ảnh hưởng đến việc đi lại của nhân dân.",
    "Ban Quản lý dự án có trách nhiệm giám sát chất lượng công trình, nghiệm thu từng hạng mục và lưu trữ hồ sơ hoàn công theo đúng quy định.",
    "Những trường hợp chưa đủ điều kiện phải được trả lời bằng văn bản, nêu rõ lý do và hướng dẫn cụ thể để người dân bổ sung một lần.",
    "Tổ công nghệ số cộng đồng hướng dẫn người dân cài đặt ứng dụng, đăng ký tài khoản định danh điện tử và nộp hồ sơ trực tuyến.",
    "Trong {n} tháng đầu năm, trên địa bàn không xảy ra vụ việc phức tạp; an ninh chính trị, trật tự an toàn xã hội được giữ vững.",
    "Công tác văn thư, lưu trữ được thực hiện nền nếp; văn bản đi, đến được đăng ký, chuyển giao và theo dõi trên môi trường điện tử.",
    "Kết quả khảo sát mức độ hài lòng cho thấy {n}% số người được hỏi đánh giá thái độ phục vụ của công chức là tốt hoặc rất tốt.",
    "Đối với các hộ thuộc diện hỗ trợ, mức chi trả là {m}.000 đồng một người một tháng, thực hiện qua tài khoản ngân hàng hoặc bưu điện.",
    "Yêu cầu thủ trưởng các đơn vị quán triệt đến toàn thể cán bộ, viên chức và người lao động để nghiêm túc thực hiện.",
    "Hồ sơ gồm đơn đề nghị, bản sao giấy tờ liên quan và bản cam kết; tất cả được lập thành {n} bộ, đóng dấu giáp lai giữa các trang.",
    "Thời hạn giải quyết không quá {n} ngày làm việc kể từ ngày nhận đủ hồ sơ hợp lệ; trường hợp phải xác minh thì được kéo dài nhưng phải thông báo.",
    "Việc lấy ý kiến được tiến hành công khai, dân chủ, bảo đảm quyền biết, quyền bàn, quyền quyết định và quyền giám sát của nhân dân.",
    "Trung tâm phục vụ hành chính công bố trí {n} quầy giao dịch, có bảng chỉ dẫn, màn hình hiển thị và khu vực hỗ trợ người cao tuổi, người khuyết tật.",
    "Dữ liệu hộ tịch sau khi số hóa được đối chiếu với sổ gốc, mỗi trường hợp sai lệch phải lập biên bản và đề xuất biện pháp khắc phục.",
    "Nước sông Nậm Sao dâng cao trong đêm {slash} làm ngập {k} mét vuông hoa màu ven bờ, chưa ghi nhận thiệt hại về người.",
    "Giống cây ăn quả được cấp cho các hộ đăng ký gồm bưởi, xoài, nhãn và mít, bảo đảm tiêu chuẩn cây giống theo hướng dẫn của cơ quan chuyên môn.",
    "Các khoản thu, chi phải được niêm yết công khai tại trụ sở và nhà sinh hoạt cộng đồng trong thời gian ít nhất {n} ngày.",
    "Phương án đã được Hội đồng thẩm định xem xét tại phiên họp {date} và kết luận đủ điều kiện trình cấp có thẩm quyền phê duyệt.",
    "Bãi bỏ các văn bản trước đây có nội dung trái với văn bản này kể từ ngày ký ban hành.",
    "Đội quản lý trật tự đô thị phối hợp với ban điều hành khu phố giải tỏa các điểm lấn chiếm lòng đường, vỉa hè vào buổi sáng thứ Bảy hằng tuần.",
    "Sau khi nghiên cứu hồ sơ và ý kiến của các ngành, {unit} nhận thấy việc điều chỉnh là cần thiết và phù hợp với quy hoạch.",
    "Giải thưởng gồm {n} giải tập thể và {n} giải cá nhân, kèm theo giấy khen và tiền thưởng theo quy chế thi đua, khen thưởng.",
    "Lớp tập huấn được tổ chức trong {n} buổi, nội dung gồm kỹ năng tiếp công dân, nghiệp vụ chứng thực và an toàn thông tin.",
    "Chủ hộ chăn nuôi có trách nhiệm tiêm phòng đầy đủ cho đàn gia súc, khai báo ngay khi phát hiện vật nuôi ốm, chết bất thường.",
    "Hệ thống chiếu sáng được bật từ 18 giờ 30 phút đến 23 giờ; những bóng hỏng phải được thay trong vòng {n} ngày.",
    "Quỹ đã vận động được {m}.500.000 đồng từ các nhà hảo tâm để xây dựng {n} ngôi nhà cho những hoàn cảnh đặc biệt khó khăn.",
    "Từ {date}, việc thu phí được thực hiện không dùng tiền mặt; biên lai điện tử có giá trị như biên lai giấy.",
    "Rừng phòng hộ đầu nguồn được giao khoán cho cộng đồng bảo vệ, nghiêm cấm mọi hành vi chặt phá, đốt nương, săn bắt trái phép.",
    "Kết luận này được gửi đến các cơ quan có liên quan để biết, theo dõi và làm căn cứ xử lý các bước tiếp theo.",
    "Thư viện mở cửa phục vụ bạn đọc từ thứ Hai đến thứ Sáu, với hơn {k} đầu sách thuộc nhiều lĩnh vực khác nhau.",
    "Đường dây nóng tiếp nhận phản ánh hoạt động liên tục, mỗi ý kiến được ghi sổ, phân loại và trả lời trong vòng {n} giờ.",
    "Các hạng mục còn lại gồm rãnh thoát nước, vỉa hè và cây xanh sẽ được hoàn thành, bàn giao đưa vào sử dụng trước {date}.",
    "Đề nghị Ủy ban Mặt trận Tổ quốc và các đoàn thể giám sát việc thực hiện, phản ánh kịp thời những hành vi nhũng nhiễu, phiền hà.",
    "Chỉ tiêu giảm nghèo năm {year} là {n} hộ, được phân bổ cụ thể cho từng thôn, bản kèm theo danh sách đã được bình xét công khai.",
];

/// What the sentences speak about.
pub(super) struct Topic<'a> {
    /// Who writes.
    pub(super) unit: &'a str,
    /// Where.
    pub(super) place: &'a Place,
    /// When it is written.
    pub(super) date: Date,
}

/// Sentences still to be said, so that a document repeats one only after all others.
#[derive(Default)]
pub(super) struct Stock(Vec<&'static str>);

impl Stock {
    /// A paragraph of `count` sentences.
    pub(super) fn paragraph(&mut self, dice: &mut Dice, topic: &Topic<'_>, count: i64) -> String {
        let sentences: Vec<_> = (0..count)
            .map(|_| {
                if self.0.is_empty() {
                    self.0.extend(SENTENCES);
                }
                let next = dice.whole(0, self.0.len() as i64 - 1) as usize;
                filled(dice, self.0.swap_remove(next), topic)
            })
            .collect();
        sentences.join(" ")
    }
}

fn filled(dice: &mut Dice, sentence: &str, topic: &Topic<'_>) -> String {
    let mut text = String::new();
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        let (slot, tail) = after.split_once('}').expect("every slot closes");
        text.push_str(before);
        match slot {
            "n" => text.push_str(&dice.whole(3, 95).to_string()),
            "k" => text.push_str(&format!("{}.{:03}", dice.whole(1, 9), dice.whole(0, 999))),
            "m" => text.push_str(&dice.whole(12, 980).to_string()),
            "year" => text.push_str(&topic.date.year().to_string()),
            "date" => text.push_str(&dates::spelled(topic.date + Duration::days(dice.whole(10, 120)))),
            "slash" => text.push_str(&dates::slashed(topic.date - Duration::days(dice.whole(5, 90)))),
            "place" => text.push_str(&format!("{} {}", topic.place.kind, topic.place.commune)),
            "unit" => text.push_str(topic.unit),
            other => unreachable!("the sentences know no slot {other}"),
        }
        rest = tail;
    }
    let text = text + rest;
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
