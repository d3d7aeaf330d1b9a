import Contracts
import Hummingbird
import Kernel
import Logging
import Synchronization

/// Stands in for the remote gateway: the three routes of the sandbox side, with the contract's own schemas, and
/// whatever misbehaviour a test asks for.
final class StandInGateway: Sendable {
    struct Behaviour: Sendable {
        /// Statuses of the first answers to `GET /sandbox/task`; then the assignment.
        var taskStatuses: [Int] = []
        /// Statuses of the first answers to a result; then 200 (422 for one that breaks the schema).
        var resultStatuses: [Int] = []
        /// Status of every answer to activities; nil: accepted.
        var eventStatus: Int?
    }

    struct Seen: Sendable {
        var taskRequests = 0
        var eventRequests = 0
        var results: [ResultSubmission] = []
        var activities: [ActivityReport.Item] = []
        var authorizations: Set<String> = []
        var problems: [String] = []
    }

    static let token = "marker-secret-token-4711"

    private struct State {
        var behaviour: Behaviour
        var seen = Seen()
    }

    let assignment: Assignment
    private let state: Mutex<State>

    private init(_ assignment: Assignment, _ behaviour: Behaviour) {
        self.assignment = assignment
        state = Mutex(State(behaviour: behaviour))
    }

    var seen: Seen { state.withLock { $0.seen } }

    func behave(_ behaviour: Behaviour) {
        state.withLock { $0.behaviour = behaviour }
    }

    /// Serves while `body` runs.
    ///
    /// - Parameter port: 0: the system chooses.
    static func serve<Value: Sendable>(
        _ assignment: Assignment,
        _ behaviour: Behaviour = Behaviour(),
        port: Int = 0,
        _ body: (StandInGateway, _ url: String) async throws -> Value
    ) async throws -> Value {
        let gateway = StandInGateway(assignment, behaviour)
        let (ports, chosen) = AsyncStream<Int>.makeStream()
        var logger = Logger(label: "stand-in")
        logger.logLevel = .critical
        let application = Application(
            router: gateway.router,
            configuration: .init(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { chosen.yield($0.localAddress?.port ?? 0) },
            logger: logger
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            var iterator = ports.makeAsyncIterator()
            guard let number = await iterator.next() else { throw Fault(.internalError, "the server did not start") }
            let value: Value
            do {
                value = try await body(gateway, "http://127.0.0.1:\(number)")
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
            return value
        }
    }

    private var router: Router<BasicRequestContext> {
        let router = Router()
        router.get("/api/v1/sandbox/task") { [self] request, _ in try task(request) }
        router.post("/api/v1/sandboxes/:id/events") { [self] request, _ in try await events(request) }
        router.post("/api/v1/sandbox/task/:id/results") { [self] request, context in
            try await result(request, task: context.parameters.require("id"))
        }
        return router
    }

    private func task(_ request: Request) throws -> Response {
        let status: Int? = state.withLock { state in
            state.seen.taskRequests += 1
            note(request, &state)
            return state.behaviour.taskStatuses.isEmpty ? nil : state.behaviour.taskStatuses.removeFirst()
        }
        if let status { return try Self.problem(status) }
        return Self.json(.ok, try ContractCoder.encode(assignment))
    }

    private func events(_ request: Request) async throws -> Response {
        let body = try await Self.body(request)
        let report = try Self.decode(ActivityReport.self, Schemas.activityReport, body)
        let status: Int? = state.withLock { state in
            note(request, &state)
            state.seen.eventRequests += 1
            switch report {
            case .success(let report):
                if state.behaviour.eventStatus == nil { state.seen.activities += report.events }
            case .failure(let fault): state.seen.problems.append(fault.message)
            }
            return state.behaviour.eventStatus
        }
        if let status { return try Self.problem(status) }
        return Self.json(.accepted, Array("{}".utf8))
    }

    private func result(_ request: Request, task: String) async throws -> Response {
        let body = try await Self.body(request)
        let decoded = try Self.decode(ResultSubmission.self, Schemas.resultSubmission, body)
        let status: Int? = state.withLock { state in
            note(request, &state)
            switch decoded {
            case .success(let submission): state.seen.results.append(submission)
            case .failure(let fault):
                state.seen.problems.append(fault.message)
                return 422
            }
            return state.behaviour.resultStatuses.isEmpty ? nil : state.behaviour.resultStatuses.removeFirst()
        }
        if let status { return try Self.problem(status) }
        guard task == "\(assignment.task.id)" else { return try Self.problem(404) }
        let answer = ResultResponse(
            success: true,
            taskID: assignment.task.id,
            resultID: .make(),
            taskStatus: .completed,
            attempt: assignment.attempt,
            late: false
        )
        return Self.json(.ok, try ContractCoder.encode(answer))
    }

    private func note(_ request: Request, _ state: inout State) {
        state.seen.authorizations.insert(request.headers[.authorization] ?? "none")
    }

    private static func body(_ request: Request) async throws -> [UInt8] {
        Array(buffer: try await request.body.collect(upTo: Limits.requestBytes))
    }

    private static func decode<T: Decodable>(_ type: T.Type, _ schema: Schema, _ body: [UInt8]) throws -> Result<
        T, Fault
    > {
        do {
            try schema.validate(try ContractCoder.decode(JSONValue.self, from: body))
            return .success(try ContractCoder.decode(T.self, from: body))
        } catch let fault as Fault {
            return .failure(fault)
        }
    }

    private static func json(_ status: HTTPResponse.Status, _ body: [UInt8]) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: .init(byteBuffer: .init(bytes: body))
        )
    }

    private static func problem(_ status: Int) throws -> Response {
        let code: Fault.Code =
            switch status {
            case 401: .unauthenticated
            case 403: .forbidden
            case 404: .notFound
            case 409: .attemptSuperseded
            case 422: .invalid
            case 429: .rateLimited
            case 500: .internalError
            default: .unavailable
            }
        return json(
            .init(code: status),
            try ContractCoder.encode(Problem(Fault(code, "asked for by the test"), instance: nil))
        )
    }
}
