import Foundation
import Kernel
import Testing

@Suite struct `Identifiers` {
    @Test func `text comes back as the same identifier`() throws {
        for bucket in [UInt8.min, 1, 127, 128, .max] {
            let id = Identifier.make(bucket: bucket)
            #expect(Identifier(id.description) == id)
            #expect(id.bucket == bucket)
            #expect(id.description.count == 36)
            #expect(UUID(uuidString: id.description)?.uuidString.lowercased() == id.description)
        }
    }

    @Test func `version and variant are those of UUIDv7`() {
        let text = Array(Identifier.make().description)
        #expect(text[14] == "7")
        #expect("89ab".contains(text[19]))
    }

    @Test func `capital letters are read, small ones written`() {
        let id = Identifier("0193AB12-CDEF-7000-8ABC-DEF012345678")
        #expect(id?.description == "0193ab12-cdef-7000-8abc-def012345678")
    }

    @Test(arguments: [
        "", "0193ab12", "0193ab12-cdef-7000-8abc-def01234567", "0193ab12-cdef-7000-8abc-def0123456789",
        "0193ab12cdef70008abcdef012345678", "0193ab12-cdef-7000-8abc-def01234567g",
        "0193ab12_cdef_7000_8abc_def012345678", "{0193ab12-cdef-7000-8abc-def012345678}",
        " 0193ab12-cdef-7000-8abc-def012345678", "0193ab12-cdef-7000-8abc-def01234567é",
        "-193ab12-cdef-7000-8abc-def012345678", "0193ab12-cdef-7000-8abc-def012345678\0",
    ])
    func `anything else is refused`(text: String) {
        #expect(Identifier(text) == nil)
    }

    @Test func `those of one process strictly increase, as values and as text`() {
        let ids = (0..<20_000).map { _ in Identifier.make(bucket: .random(in: .min ... .max)) }
        #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
        let texts = ids.map(\.description)
        #expect(zip(texts, texts.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func `they increase over threads too`() async {
        let ids = await withTaskGroup(of: [Identifier].self) { group in
            for _ in 0..<8 { group.addTask { (0..<2000).map { _ in Identifier.make() } } }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(ids).count == 16_000)
    }

    @Test func `a clock that steps back does not make them repeat or decrease`() {
        let generator = IdentifierGenerator()
        let times: [Int64] = [1000, 1000, 1001, 500, 500, 1001, 1002, -7]
        let ids = times.map { generator.next(at: Timestamp(milliseconds: $0), bucket: 3, random: 0) }
        #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
        #expect(ids[0].timestamp.milliseconds == 1000)
        #expect(ids.allSatisfy { $0.bucket == 3 })
    }

    @Test func `the time of creation is in them`() {
        let before = Timestamp.now()
        let time = Identifier.make().timestamp
        // The counter may run ahead of the clock by a millisecond per 4096 ids.
        #expect(time >= before)
        #expect(time <= Timestamp.now() + .seconds(1))
    }

    @Test func `random bits do not touch variant or bucket`() {
        let generator = IdentifierGenerator()
        for random in [UInt64.min, .max] {
            let id = generator.next(at: Timestamp(milliseconds: 1), bucket: 0x5a, random: random)
            #expect(id.low >> 62 == 0b10)
            #expect(id.bucket == 0x5a)
        }
    }

    @Test func `JSON is the text`() throws {
        let id = Identifier.make()
        let json = try JSONEncoder().encode([id])
        #expect(String(decoding: json, as: UTF8.self) == "[\"\(id)\"]")
        #expect(try JSONDecoder().decode([Identifier].self, from: json) == [id])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Identifier].self, from: Data("[\"nonsense\"]".utf8))
        }
    }
}
