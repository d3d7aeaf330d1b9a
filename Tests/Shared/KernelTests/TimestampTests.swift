import Foundation
import Kernel
import Testing

@Suite struct `Timestamps` {
    @Test(arguments: [
        ("1970-01-01T00:00:00.000Z", Int64(0)),
        ("1970-01-01T00:00:00.001Z", 1),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1969-12-31T00:00:00.000Z", -86_400_000),
        ("1900-03-01T00:00:00.000Z", -2_203_891_200_000),
        ("1600-02-29T12:00:00.000Z", -11_670_955_200_000),
        ("0001-01-01T00:00:00.000Z", -62_135_596_800_000),
        ("2000-02-29T23:59:59.999Z", 951_868_799_999),
        ("2000-03-01T00:00:00.000Z", 951_868_800_000),
        ("2024-02-29T00:00:00.000Z", 1_709_164_800_000),
        ("2100-02-28T23:59:59.000Z", 4_107_542_399_000),
        ("2100-03-01T00:00:00.000Z", 4_107_542_400_000),
        ("2026-11-22T16:41:00.123Z", 1_795_365_660_123),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ])
    func `text and milliseconds agree in both directions`(text: String, milliseconds: Int64) {
        #expect(Timestamp(text)?.milliseconds == milliseconds)
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test func `every day of four hundred years comes back`() {
        let start = Int64(-11_676_096_000_000)  // 1600-01-01
        for day in 0..<146_097 {
            let time = Timestamp(milliseconds: start + Int64(day) * 86_400_000 + 1)
            #expect(Timestamp(time.description) == time)
        }
        #expect(Timestamp(milliseconds: start).description == "1600-01-01T00:00:00.000Z")
        #expect(Timestamp(milliseconds: start + 146_097 * 86_400_000).description == "2000-01-01T00:00:00.000Z")
    }

    @Test(arguments: [
        ("2026-11-22T16:41:00Z", "2026-11-22T16:41:00.000Z"),
        ("2026-11-22t16:41:00z", "2026-11-22T16:41:00.000Z"),
        ("2026-11-22T16:41:00.1Z", "2026-11-22T16:41:00.100Z"),
        ("2026-11-22T16:41:00.1239999Z", "2026-11-22T16:41:00.123Z"),
        ("2026-11-22T16:41:00+00:00", "2026-11-22T16:41:00.000Z"),
        ("2026-11-22T16:41:00-00:00", "2026-11-22T16:41:00.000Z"),
        ("2026-11-22T16:41:00+05:30", "2026-11-22T11:11:00.000Z"),
        ("2026-11-22T16:41:00-08:00", "2026-11-23T00:41:00.000Z"),
        ("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000Z"),
        ("2024-02-29T23:59:59.5-01:00", "2024-03-01T00:59:59.500Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
    ])
    func `every form of RFC 3339 is read`(text: String, canonical: String) {
        #expect(Timestamp(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "now", "2026-11-22", "2026-11-22T16:41:00", "2026-11-22 16:41:00Z", "2026-11-22T16:41Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
        "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-11-22T24:00:00Z", "2026-11-22T16:60:00Z", "2026-11-22T16:41:61Z", "2026-11-22T16:41:00.Z",
        "2026-11-22T16:41:00+0530", "2026-11-22T16:41:00+24:00", "2026-11-22T16:41:00+05:60",
        "2026-11-22T16:41:00Zulu", "26-11-22T16:41:00Z", "+2026-11-22T16:41:00Z", "2026-11-22T16:41:00Z ",
        "２０２６-11-22T16:41:00Z", "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
    ])
    func `anything else is refused`(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test(arguments: [
        (Int64.min, "0000-01-01T00:00:00.000Z"), (-62_167_219_200_001, "0000-01-01T00:00:00.000Z"),
        (253_402_300_800_000, "9999-12-31T23:59:59.999Z"), (.max, "9999-12-31T23:59:59.999Z"),
    ])
    func `what the text cannot say is written as the nearest it can`(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test func `durations add, subtract and compare`() {
        let time = Timestamp(milliseconds: 1000)
        #expect(time + .seconds(2) == Timestamp(milliseconds: 3000))
        #expect(time - .milliseconds(1) == Timestamp(milliseconds: 999))
        #expect(Timestamp(milliseconds: 500) - time == .milliseconds(-500))
        #expect(Timestamp(milliseconds: -1) < Timestamp(milliseconds: 0))
    }

    @Test func `JSON is the text`() throws {
        let time = Timestamp(milliseconds: 1_795_365_660_123)
        let json = try JSONEncoder().encode([time])
        #expect(String(decoding: json, as: UTF8.self) == "[\"2026-11-22T16:41:00.123Z\"]")
        #expect(try JSONDecoder().decode([Timestamp].self, from: json) == [time])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Timestamp].self, from: Data("[\"yesterday\"]".utf8))
        }
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Timestamp].self, from: Data("[17]".utf8))
        }
    }

    @Test(arguments: [
        (Duration.milliseconds(1500), Int64(1500), 1.5), (.microseconds(1999), 1, 0.001999), (.zero, 0, 0),
        (.milliseconds(-1500), -1500, -1.5), (.seconds(86_400), 86_400_000, 86_400),
    ])
    func `durations in milliseconds and seconds`(duration: Duration, milliseconds: Int64, seconds: Double) {
        #expect(duration.milliseconds == milliseconds)
        #expect(abs(duration.seconds - seconds) < 1e-9)
    }

    @Test func `the machine's uptime never steps back`() {
        let time = SystemTime()
        let values = (0..<1000).map { _ in time.uptime() }
        #expect(zip(values, values.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(abs((time.now() - .now()).seconds) < 5)
    }
}
