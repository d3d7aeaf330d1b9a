import Contracts
import HTTPTypes
import Hummingbird
import Kernel
import ServiceKit

/// `/api/v1/agents` of the earlier system: agents are no resource any more, sandboxes are.
struct AgentsController: Sendable {
    var routes: [Route] {
        let methods: [(HTTPRequest.Method, verb: String)] = [
            (.get, "get"), (.post, "post"), (.put, "put"), (.patch, "patch"), (.delete, "delete"),
        ]
        return methods.flatMap { method, verb in
            [route(method, "agents", "\(verb)Agents"), route(method, "agents/**", "\(verb)Agent")]
        }
    }

    private func route(_ method: HTTPRequest.Method, _ path: String, _ operation: String) -> Route {
        Route(
            method,
            path,
            operation: operation,
            summary: "Gone: see sandboxes",
            demand: .open,
            isDeprecated: true,
            answers: [
                Route.Answer(
                    status: 410,
                    schema: Shapes.problem,
                    description: "Sandboxes took the place of agents",
                    contentType: ContentType.problem
                )
            ],
            handle: gone
        )
    }

    @Sendable func gone(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        throw Fault(.gone, "agents are no resource any more; what runs is at /api/v1/sandboxes")
    }
}
