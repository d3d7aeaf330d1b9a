import Contracts
import Hummingbird
import Kernel
import ServiceKit

/// What a client needs to know about this installation.
struct MetaController: Sendable {
    let relayURL: String

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

            enum CodingKeys: String, CodingKey {
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
