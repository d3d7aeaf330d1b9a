import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/tickets/check-duplicates`
struct DuplicatesController: Sendable {
    let commands: CommandClient

    var routes: [Route] {
        [
            Route(
                .post,
                "tickets/check-duplicates",
                operation: "checkDuplicates",
                summary: "Open tickets that resemble a text",
                details: """
                    Compares words, their order and shingles of characters with the open tickets of the project. \
                    Without project_id every project the token may see is looked at. Unlike the earlier system it \
                    never tells of projects the token may not see, and a threshold of 0 means 0.
                    """,
                demand: .read,
                body: Schemas.duplicateCheck,
                answers: [.ok(Shapes.duplicateCheck)],
                needsReadModel: false,
                handle: check
            )
        ]
    }

    @Sendable func check(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        let body = try await Received<DuplicateCheck>(request, context)
        if let project = body.value.projectID {
            try context.requireActor().mustSee(project, else: .notFound("project", project))
        }
        var origin = try CommandClient.Origin(request, context)
        origin.idempotency = nil
        let (title, description) = (body.value.title, body.value.description)
        try await commands.prepareDuplicateCheck(title: title, description: description, from: origin)
        return .json(raw: try await commands.send(CheckDuplicates(body: body.value), from: origin).bytes)
    }
}

extension TicketCreate {
    /// From which similarity an open ticket stops the creation; nil: none does.
    var duplicateThreshold: Double? {
        guard checkDuplicates ?? true, !(forceCreate ?? false) else { return nil }
        return similarityThreshold ?? DuplicateCheck.defaultThreshold
    }
}
