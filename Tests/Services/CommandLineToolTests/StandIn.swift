import Contracts
import HTTPTypes
import Hummingbird
import Kernel
import Logging
import NIOCore
import Synchronization

@testable import CommandLineTool

/// A server that answers as it is told and remembers what it was asked.
final class StandIn: Sendable {
    struct Asked: Sendable {
        var method: String
        var path: String
        var headers: [String: String]
        var body: JSONValue?
    }

    struct Answer: Sendable {
        var status = 200
        var type = ContentType.json
        var body: [UInt8]

        static func json(_ value: some Encodable, status: Int = 200) throws -> Answer {
            Answer(status: status, body: try ContractCoder.encode(value))
        }

        static func problem(_ fault: Fault) throws -> Answer {
            Answer(
                status: fault.code.status,
                type: ContentType.problem,
                body: try ContractCoder.encode(Problem(fault, instance: nil))
            )
        }

        static func stream(_ events: [Event]) throws -> Answer {
            var text = "retry: 2000\n\n"
            for event in events {
                text += "id: \(event.id)\nevent: \(event.type.rawValue)\ndata: "
                text += String(decoding: try ContractCoder.encode(event), as: UTF8.self) + "\n\n"
            }
            return Answer(type: "text/event-stream", body: Array(text.utf8))
        }
    }

    private let answers: Mutex<[String: [Answer]]>
    private let asked = Mutex<[Asked]>([])

    /// - Parameter answers: by method and path without query; the last one of a list is repeated.
    private init(_ answers: [String: [Answer]]) { self.answers = Mutex(answers) }

    var requests: [Asked] { asked.withLock { $0 } }

    /// Serves while `body` runs; `environment` points the command line here, for gateway and relay alike.
    static func serve<Value: Sendable>(
        _ answers: [String: [Answer]],
        _ body: (StandIn, _ environment: [String: String]) async throws -> Value
    ) async throws -> Value {
        let server = StandIn(answers)
        let (ports, chosen) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: server.router(),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { chosen.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "stand-in") { _ in SwiftLogNoOpLogHandler() }
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { throw Fault(.internalError, "the server did not start") }
            defer { group.cancelAll() }
            return try await body(
                server,
                ["OMOI_HTTP_PORT": String(port), "OMOI_RELAY_PORT": String(port), "OMOI_TOKEN": "secret-token"]
            )
        }
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        for path in ["/:a/**"] {
            for method: HTTPRequest.Method in [.get, .post, .delete] {
                router.on(RouterPath(path), method: method) { request, _ in try await self.answer(request) }
            }
        }
        return router
    }

    private func answer(_ request: Request) async throws -> Response {
        let bytes = Array(try await request.body.collect(upTo: 1 << 20).readableBytesView)
        var headers: [String: String] = [:]
        for field in request.headers { headers[field.name.canonicalName] = field.value }
        let key = "\(request.method.rawValue) \(request.uri.path)"
        asked.withLock {
            $0.append(
                Asked(
                    method: request.method.rawValue,
                    path: request.uri.description,
                    headers: headers,
                    body: try? ContractCoder.decode(JSONValue.self, from: bytes)
                )
            )
        }
        let answer = answers.withLock { answers -> Answer? in
            guard var list = answers[key], let first = list.first else { return nil }
            if list.count > 1 { list.removeFirst() }
            answers[key] = list
            return first
        }
        guard let answer else {
            let missing = try Answer.problem(Fault(.notFound, "no resource at \(request.uri.path)"))
            return response(missing)
        }
        return response(answer)
    }

    private func response(_ answer: Answer) -> Response {
        Response(
            status: .init(code: answer.status),
            headers: [.contentType: answer.type],
            body: .init(byteBuffer: ByteBuffer(bytes: answer.body))
        )
    }
}

/// Entities as the gateway shows them.
enum Sample {
    static let project = Project(
        id: .make(),
        name: "Alpha",
        key: "ABC",
        repository: "/srv/alpha",
        createdAt: .now(),
        updatedAt: .now()
    )

    static func ticket(_ phase: Phase = .implementation, block: Ticket.Block? = nil) -> Ticket {
        Ticket(
            id: ticketID,
            key: "ABC-1",
            projectID: project.id,
            title: "Do it",
            phase: phase,
            block: block,
            taskCount: 2,
            completedTaskCount: 1,
            createdAt: .now(),
            updatedAt: .now(),
            enteredPhaseAt: .now()
        )
    }

    static let ticketID = Identifier.make()

    static func task(_ status: WorkTask.Status = .pending) -> WorkTask {
        WorkTask(
            id: taskID,
            ticketID: ticketID,
            projectID: project.id,
            phase: .implementation,
            title: "First step",
            status: status,
            createdAt: .now()
        )
    }

    static let taskID = Identifier.make()

    static func moved(from: Phase, to: Phase) -> Event {
        let transition = Transition(
            id: .make(),
            ticketID: ticketID,
            from: from,
            to: to,
            cause: .advanced,
            actor: "settle",
            at: .now()
        )
        return event(.ticketTransitioned, EventData(ticket(to), transition: transition))
    }

    static func event(_ type: EventType, _ data: EventData) -> Event {
        Event(id: .make(), source: "/test", type: type, time: .now(), data: data)
    }
}
