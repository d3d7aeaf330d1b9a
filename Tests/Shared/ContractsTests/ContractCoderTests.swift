import Contracts
import Kernel
import Testing

@Suite struct `The coder` {
    private struct Inner: Codable, Equatable {
        var number: Int
        var time: Timestamp?
        var id: Identifier?
    }

    private struct Outer: Codable, Equatable {
        var name: String
        var inner: [Inner]?
        var map: [String: Inner]?
    }

    @Test func `keys are sorted, slashes plain, absent members left out`() throws {
        let value = Outer(name: "a/b", inner: [Inner(number: 1)], map: ["z": Inner(number: 2), "a": Inner(number: 3)])
        let text = String(decoding: try ContractCoder.encode(value), as: UTF8.self)
        #expect(text == #"{"inner":[{"number":1}],"map":{"a":{"number":3},"z":{"number":2}},"name":"a/b"}"#)
        #expect(try ContractCoder.decode(Outer.self, from: Array(text.utf8)) == value)
    }

    @Test(arguments: [
        (#"{"inner":[]}"#, "name: is missing"),
        (#"{"name":"x","inner":[{"number":1},{}]}"#, "inner[1].number: is missing"),
        (#"{"name":"x","inner":[{"number":"1"}]}"#, "inner[0].number:"),
        (#"{"name":"x","inner":[{"number":1,"time":"soon"}]}"#, "inner[0].time: 'soon' is not an RFC 3339 time"),
        (#"{"name":"x","inner":[{"number":1,"id":"7"}]}"#, "inner[0].id: '7' is not a UUID"),
        (#"{"name":"x","map":{"k":{"number":[]}}}"#, "map.k.number:"),
        (#"{"name":null}"#, "name:"),
        ("[]", "body:"), ("", "body:"), ("{", "body:"), ("{\"name\":\"x\"} trailing", "body:"),
    ])
    func `a mistake is reported with its place`(json: String, message: String) {
        let fault = #expect(throws: Fault.self) {
            try ContractCoder.decode(Outer.self, from: Array(json.utf8))
        }
        #expect(fault?.code == .malformed)
        #expect(fault?.message.hasPrefix(message) == true, "\(fault?.message ?? "")")
        #expect(fault?.message.contains("\n") == false)
    }

    @Test(arguments: [
        ("null", JSONValue.null), ("true", .bool(true)), ("0", .integer(0)), ("1", .integer(1)), ("-7", .integer(-7)),
        ("9223372036854775807", .integer(.max)), ("0.5", .number(0.5)), (#""x""#, .string("x")),
        (#""1""#, .string("1")),
        ("[]", .array([])), ("{}", .object([:])), (#"{"a":[1,null]}"#, .object(["a": .array([.integer(1), .null])])),
    ])
    func `any JSON passes through unchanged`(json: String, value: JSONValue) throws {
        #expect(try ContractCoder.decode(JSONValue.self, from: Array(json.utf8)) == value)
        #expect(String(decoding: try ContractCoder.encode(value), as: UTF8.self) == json)
    }

    @Test func `deep nesting is refused, not followed until the stack ends`() {
        let depth = 100_000
        let json = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(throws: Fault.self) { try ContractCoder.decode(JSONValue.self, from: Array(json.utf8)) }
    }
}
