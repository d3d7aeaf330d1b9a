import Kernel
import Testing

@testable import TicketWorkflow

@Suite struct TicketReferenceTests {
    @Test(arguments: [
        ("Fix ABC-12", ["ABC-12"]), ("abc-12: fix", ["ABC-12"]), ("[ABC-1] and (ABC-22).", ["ABC-1", "ABC-22"]),
        ("omoi/ABC-3/019", ["ABC-3"]), ("#ABC-4", ["ABC-4"]), ("ABC-5-slug", ["ABC-5"]), ("ABC-6ABC-7", []),
        ("XABC-8", []), ("ABC-9x", []), ("ABC-", []), ("ABC-0", []), ("ABC-012", []), ("ABCD-13", []),
        ("ABC-1234567890123", []), ("ÄABC-14", []), ("ABC-15 ABC-15", ["ABC-15"]), ("", []),
    ])
    func `keys of the project are found between other words`(text: String, keys: [String]) {
        #expect(TicketReferences([text], project: "ABC").keys == Set(keys))
    }

    @Test func `ids are found in any case`() {
        let id = Identifier.make()
        for text in ["ticket-\(id)", "Ticket-\(id.description.uppercased())!", "feature/ticket-\(id)-slug"] {
            #expect(TicketReferences([text], project: "ABC").ids == [id])
        }
        for text in ["\(id)", "ticket-\(id.description.dropLast())", "myticket-\(id)"] {
            #expect(TicketReferences([text], project: "ABC").ids.isEmpty)
        }
    }

    @Test func `a long text without references is read quickly`() {
        let text = String(repeating: "ABC-ABC- ticket- ", count: 60_000)
        #expect(TicketReferences([text], project: "ABC") == TicketReferences([], project: "ABC"))
    }
}
