import Kernel

/// Asks which open tickets resemble a text. The actor's project, when it has one, is the only one looked at.
package struct CheckDuplicates: Command {
    package static let name = "ticket.check-duplicates"
    package typealias Reply = DuplicateCheckResponse
    package var body: DuplicateCheck
    package init(body: DuplicateCheck) { self.body = body }
}
