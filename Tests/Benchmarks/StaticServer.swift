import HTTPClient
import Hummingbird
import Kernel
import TestSupport

/// The bare HTTP server with one route that answers a constant: what reads and commands are compared with. It runs in a
/// process of its own, as the gateway does, and answers as many bytes as a task has.
enum StaticServer {
    /// Serves until the process is ended.
    static func serve(port: Int) async throws {
        let router = Router()
        let body = "{\"text\":\"\(String(repeating: "static ", count: 100))\"}"
        router.get("/static") { _, _ in body }
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: port))
        )
        try await application.run()
    }

    /// Runs `body` with the address of the route.
    static func run<Value>(_ body: (String) async throws -> Value) async throws -> Value {
        try await withTemporaryDirectory { folder in
            let port = try FreePort.find()
            let process = try ChildProcess(
                BuiltExecutable.path("omoi-bench"),
                ["--static-route", String(port)],
                logPath: "\(folder)/static.log"
            )
            let url = "http://127.0.0.1:\(port)/static"
            let client = WebClient()
            defer { client.close() }
            let outcome: Result<Value, any Error>
            do {
                try await eventually("the static server answers") {
                    try await client.send(HTTPClient.HTTPRequest(url: url)).status == 200
                }
                outcome = .success(try await body(url))
            } catch {
                outcome = .failure(error)
            }
            try await process.kill()
            return try outcome.get()
        }
    }
}
