import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// What a client needs to know about this installation.
struct MetaController: Sendable {
    let relayURL: String

    var routes: [Route] {
        [
            Route(
                .get,
                "meta",
                operation: "getMeta",
                summary: "Version, limits, and where the event relay is",
                demand: .read,
                answers: [.ok(Self.shape)],
                needsReadModel: false,
                handle: meta
            ),
            Route(
                .get,
                "health",
                operation: "getHealth",
                summary: "The earlier system's health route",
                demand: .open,
                answers: [.ok(.object([.required("status", .oneOf(["healthy"])), .required("version", .text)]))],
                base: "",
                handle: health
            ),
            Route(
                .get,
                "",
                operation: "getRoot",
                summary: "What this is",
                demand: .open,
                answers: [
                    Route.Answer(status: 200, description: "Where to go on", contentType: "text/plain; charset=utf-8")
                ],
                base: "",
                handle: root
            ),
        ]
    }

    private static let shape = Schema.object([
        .required("name", .text), .required("version", .text), .required("relay_url", .text),
        .required(
            "limits",
            .object(Meta.Bounds.CodingKeys.allCases.map { .required($0.rawValue, .count) })
        ),
    ])

    @Sendable func meta(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        try .json(
            Meta(
                name: "omoi",
                version: Gateway.version,
                relayURL: relayURL,
                limits: Meta.Bounds(
                    requestBytes: Limits.requestBytes,
                    resultBytes: Limits.resultBytes,
                    pageDefault: Limits.pageDefault,
                    pageMax: Limits.pageMax,
                    activityBatch: Limits.activityBatch,
                    ticketsPerBatch: Limits.ticketsPerBatch,
                    tasksPerTicket: Limits.tasksPerTicket
                )
            )
        )
    }

    /// The earlier system's health route.
    @Sendable func health(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        var answer = JSONObject()
        answer.append("status", "healthy")
        answer.append("version", Gateway.version)
        return .json(raw: answer.bytes)
    }

    @Sendable func root(_ request: Request, _ context: OmoiRequestContext) async throws -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(
                byteBuffer: ByteBuffer(string: "Omoi \(Gateway.version). The board: /api/v1/board/view\n")
            )
        )
    }

    private struct Meta: Encodable {
        struct Bounds: Encodable {
            var requestBytes: Int
            var resultBytes: Int
            var pageDefault: Int
            var pageMax: Int
            var activityBatch: Int
            var ticketsPerBatch: Int
            var tasksPerTicket: Int

            enum CodingKeys: String, CodingKey, CaseIterable {
                case requestBytes = "request_bytes"
                case resultBytes = "result_bytes"
                case pageDefault = "page_default"
                case pageMax = "page_max"
                case activityBatch = "activity_batch"
                case ticketsPerBatch = "tickets_per_batch"
                case tasksPerTicket = "tasks_per_ticket"
            }
        }

        var name: String
        var version: String
        var relayURL: String
        var limits: Bounds

        enum CodingKeys: String, CodingKey {
            case name, version, limits
            case relayURL = "relay_url"
        }
    }
}
