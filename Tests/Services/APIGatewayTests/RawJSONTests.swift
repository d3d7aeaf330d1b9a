import Contracts
import Kernel
import Testing

@testable import APIGateway

struct RawJSONTests {
    @Test(arguments: [
        "{}", "[]", " [ 1 , 2 ] ", "null", "true", "-0.5e+10", #""\u00e4\n""#, #"{"a":{"b":[{}]},"c":"ü"}"#, "0", "12",
    ])
    func `valid text is accepted and kept as it is`(text: String) throws {
        let value = try RawJSON(Array(text.utf8))
        #expect(String(decoding: value.bytes, as: UTF8.self) == text.trimmed)
    }

    @Test(arguments: [
        "", " ", "{", "}", "[1,]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{a:1}"#, "01", "1.", ".5", "+1", "tru", "nul",
        #""\x""#, #""\u12""#, "\"\u{1}\"", "\"a", "1 2", "{}{}", "-", "1e", #"{"a":1,}"#,
        String(repeating: "[", count: 100) + String(repeating: "]", count: 100),
    ])
    func `anything else is refused`(text: String) {
        #expect(throws: Fault.self) { try RawJSON(Array(text.utf8)) }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: Fault.self) { try RawJSON([0x22, 0xc3, 0x22]) }
    }

    @Test func `members are found by name and read as their kind`() throws {
        let text = #"{"a":"x\"y","b":[1,{"c":null}],"n":-7,"t":true,"u":"ü"}"#
        let object = try #require(RawJSON(Array(text.utf8)).object)
        #expect(object["a"]?.string == "x\"y")
        #expect(object["u"]?.string == "ü")
        #expect(object["n"]?.integer == -7)
        #expect(object["t"]?.boolean == true)
        #expect(object["b"]?.elements?.count == 2)
        #expect(object["b"]?.elements?.last?.object?["c"]?.isNull == true)
        #expect(object["missing"] == nil)
        #expect(object["a"]?.integer == nil)
        #expect(object["n"]?.string == nil)
        #expect(object["n"]?.object == nil)
    }

    @Test(arguments: [
        "{}", "[]", "null", "true", "false", "-1", "1.5", "1e3", "1.0", "9223372036854775807", "9223372036854775808",
        #""a\u00e4\n\ud83d\ude00""#, #"{"a":{"b":[{},1,"x",null,true]},"c\"d":"ü"}"#, #" { "a" : [ 1 , 2 ] } "#,
    ])
    func `taken apart it is what the decoder reads`(text: String) throws {
        let bytes = Array(text.utf8)
        #expect(try RawJSON(bytes).value == ContractCoder.decode(JSONValue.self, from: bytes))
    }

    @Test(arguments: [#"{"a":1,"a":2}"#, #"[{"b":{"a":1,"\u0061":2}}]"#, "1e999", #""\ud83d""#])
    func `what readers would disagree about is refused`(text: String) {
        #expect(throws: Fault.self) { try RawJSON(Array(text.utf8)).value }
    }

    @Test(arguments: ["!", "", "YQ", String(repeating: "A", count: 1000)])
    func `a cursor that is none is refused`(text: String) {
        #expect(throws: Fault.self) { try PageCursor(parsing: text, list: "tickets") }
    }

    @Test func `a cursor of another list is refused`() throws {
        let cursor = PageCursor(list: "tasks", key: ["1", "2"])
        #expect(try PageCursor(parsing: cursor.text, list: "tasks") == cursor)
        #expect(throws: Fault.self) { try PageCursor(parsing: cursor.text, list: "tickets") }
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
