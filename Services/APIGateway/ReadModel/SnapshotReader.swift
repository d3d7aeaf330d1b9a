import Contracts
import Kernel
import Messaging

/// Fetches everything the workflow owns, page by page, when the log stream no longer reaches back to the beginning.
struct SnapshotReader: Sendable {
    let requester: Requester
    let model: ReadModel

    /// - Throws: ``Fault`` `unavailable` while the workflow is away; what was fetched stays, so a second run is
    /// harmless.
    func run() async throws {
        var cursor: String?
        repeat {
            let reply = try await requester.exchange(
                Snapshot(cursor: cursor),
                to: Topic.workflow(),
                context: RequestContext(actor: .service(Gateway.name))
            )
            let page = try Members(RawJSON(reply.body), "reply").required("reply")
            let next = try await model.apply(snapshot: page)
            guard next == nil || next != cursor else {
                throw Fault(.internalError, "the workflow's snapshot does not advance")
            }
            cursor = next
        } while cursor != nil
        model.isEmptied = false
    }
}
