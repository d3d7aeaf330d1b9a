import Kernel
import Testing

@Suite struct `Faults` {
    @Test func `codes are unique, lower case and hyphenated`() {
        let codes = Fault.Code.allCases.map(\.rawValue)
        #expect(Set(codes).count == codes.count)
        for code in codes {
            #expect(code.allSatisfy { ("a"..."z").contains($0) || $0 == "-" }, "\(code)")
        }
    }

    @Test(arguments: Fault.Code.allCases)
    func `each code has an error status and a title`(code: Fault.Code) {
        #expect((400...599).contains(code.status))
        #expect(!code.title.isEmpty)
        #expect(!code.title.hasSuffix("."))
    }

    @Test func `a fault of a field names it`() {
        let fault = Fault.invalid("tasks[2].title", "is required")
        #expect(fault.code == .invalid)
        #expect(fault.message == "tasks[2].title: is required")
        #expect(fault.errors == [Fault.FieldError(field: "tasks[2].title", message: "is required")])
    }

    @Test func `a missing entity is named`() {
        let fault = Fault.notFound("ticket", "ABC-12")
        #expect(fault.code == .notFound)
        #expect(fault.message == "no ticket 'ABC-12'")
    }

    @Test func `the cause is kept as text`() {
        struct Cause: Error {}
        #expect(Fault(.internalError, "x", cause: Cause()).cause == "Cause()")
        #expect(Fault(.internalError, "x").cause == nil)
    }
}
