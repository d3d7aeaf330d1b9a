import HTTPClient
import Kernel

/// What services say about themselves at `/readyz`.
enum Readiness {
    /// Whether the service answers and is ready.
    static func isReady(_ port: Int, at address: String, _ client: WebClient) async throws -> Bool {
        do {
            let request = HTTPRequest(url: "http://\(address):\(port)/readyz", timeout: .seconds(5))
            return try await client.send(request).status == 200
        } catch let error as HTTPClientError where error.isTransient {
            return false
        }
    }
}
