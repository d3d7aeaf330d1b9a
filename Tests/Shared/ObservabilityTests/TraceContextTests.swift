import Testing

@testable import Observability

@Suite struct TraceContextTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00f067aa0ba902b7"

    @Test(arguments: [("01", true), ("00", false), ("03", true), ("fe", false)])
    func `a valid header is read`(flags: String, sampled: Bool) throws {
        let context = try #require(TraceContext("00-\(Self.trace)-\(Self.parent)-\(flags)"))
        #expect(context.traceID == Self.trace)
        #expect(context.parentID == Self.parent)
        #expect(context.sampled == sampled)
        #expect(context.traceparent == "00-\(Self.trace)-\(Self.parent)-\(sampled ? "01" : "00")")
    }

    /// W3C Trace Context, sections 3.2.2 and 4.3.
    @Test(arguments: [
        "", "00", "00-\(trace)-\(parent)", "00-\(trace)-\(parent)-", "00-\(trace)-\(parent)-1",
        "00-\(trace)-\(parent)-001", "00-\(trace)-\(parent)-01-", "00-\(trace)-\(parent)-01-what",
        "ff-\(trace)-\(parent)-01", "0-\(trace)-\(parent)-01", "zz-\(trace)-\(parent)-01",
        "00-00000000000000000000000000000000-\(parent)-01", "00-\(trace)-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-\(parent)-01", "00-\(trace)-00F067AA0BA902B7-01",
        "00-\(trace)-\(parent)-0X", "00-\(trace)-\(parent)-.0", "00_\(trace)_\(parent)_01",
        "01-\(trace)-\(parent)-01.x", "00-4bf92f3577b34da6a3ce929d0e0e473\u{e4}-\(parent)-1",
        " 00-\(trace)-\(parent)-01",
    ])
    func `an invalid header is ignored`(header: String) {
        #expect(TraceContext(header) == nil)
    }

    @Test(arguments: ["01-\(trace)-\(parent)-01", "cc-\(trace)-\(parent)-01-what-the-future-holds"])
    func `a higher version is read as far as it is known`(header: String) throws {
        let context = try #require(TraceContext(header))
        #expect(context.traceparent == "00-\(Self.trace)-\(Self.parent)-01")
    }

    @Test func `a child keeps the trace and changes the parent`() throws {
        let context = try #require(TraceContext("00-\(Self.trace)-\(Self.parent)-00"))
        let child = context.child()
        #expect(child.traceID == context.traceID)
        #expect(child.parentID != context.parentID)
        #expect(!child.sampled)
    }

    @Test func `a new trace is valid`() throws {
        let context = TraceContext()
        #expect(TraceContext(context.traceparent) == context)
    }
}
