import Contracts
import HTTPClient
import Hummingbird
import Kernel
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct APIClientTests {
    private struct Thing: Codable, Equatable { var name: String }

    @Test func `token, key and body are sent, the answer is decoded`() async throws {
        try await withServer {
            $0.post("/api/v1/things") { request, _ in
                let sent = try await request.body.collect(upTo: 1000)
                let parts: [String?] = [
                    request.headers[.authorization], request.headers[.init("Idempotency-Key")!],
                    request.headers[.contentType], request.headers[.init("X-More")!], String(buffer: sent),
                ]
                let name = parts.map { $0 ?? "nothing" }.joined(separator: "|")
                return Response(
                    status: .created,
                    body: .init(byteBuffer: .init(bytes: try ContractCoder.encode(Thing(name: name))))
                )
            }
        } _: { root in
            var api = APIClient(client: WebClient(), baseURL: root + "/", token: "secret")
            api.headers = [("X-More", "yes")]
            let thing = try await api.post(
                "/api/v1/things",
                body: Thing(name: "a"),
                idempotencyKey: "k1",
                as: Thing.self
            )
            #expect(thing.name == #"Bearer secret|k1|application/json|yes|{"name":"a"}"#)
        }
    }

    @Test func `a problem becomes the fault it stands for`() async throws {
        let fault = Fault(.invalid, "name: is required", errors: [.init(field: "name", message: "is required")])
        try await withServer {
            $0.get("/") { _, _ in
                Response(
                    status: .unprocessableContent,
                    headers: [.contentType: ContentType.problem],
                    body: .init(byteBuffer: .init(bytes: try ContractCoder.encode(Problem(fault, instance: "/"))))
                )
            }
        } _: { root in
            let api = APIClient(client: WebClient(), baseURL: root, token: nil)
            let thrown = await #expect(throws: Fault.self) { try await api.get("/", as: Thing.self) }
            #expect(thrown == fault)
        }
    }

    @Test(arguments: [
        (401, Fault.Code.unauthenticated), (403, .forbidden), (404, .notFound), (409, .conflict),
        (413, .tooLarge), (429, .rateLimited), (500, .internalError), (503, .unavailable), (504, .timeout),
    ])
    func `an error without a problem document has a fault too`(status: Int, code: Fault.Code) async throws {
        try await withServer {
            $0.get("/") { _, _ in Response(status: .init(code: status), headers: [.retryAfter: "7"]) }
        } _: { root in
            let api = APIClient(client: WebClient(), baseURL: root, token: nil)
            let thrown = await #expect(throws: Fault.self) { try await api.get("/", as: Thing.self) }
            #expect(thrown?.code == code)
            #expect(thrown?.retryAfter == .seconds(7))
        }
    }

    @Test func `an unreachable server is unavailable`() async throws {
        let port = try FreePort.find()
        let api = APIClient(client: WebClient(), baseURL: "http://127.0.0.1:\(port)", token: "secret")
        let thrown = await #expect(throws: Fault.self) { try await api.get("/", as: Thing.self) }
        #expect(thrown?.code == .unavailable)
        #expect(thrown.map { "\($0)".contains("secret") } == false)
    }
}
