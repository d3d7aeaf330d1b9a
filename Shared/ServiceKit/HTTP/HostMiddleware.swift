import HTTPTypes
import Hummingbird
import Kernel
import Synchronization

/// Refuses requests a foreign web page made a browser send (DNS rebinding): while the service listens on loopback,
/// `Host` and `Origin` must name this machine.
package struct HostMiddleware<Context: RequestContext>: RouterMiddleware {
    private let isActive: Bool
    private let names: Set<String>
    private let last = LastHost()

    /// - Parameters:
    ///   - bind: the address the service listens on; the check is only made when it is a loopback address.
    ///   - allowed: further host names that mean this service, without ports.
    package init(bind: String, allowed: [String] = []) {
        let loopback: Set<String> = ["127.0.0.1", "localhost", "::1"]
        let bind = bind.lowercased()
        isActive = loopback.contains(bind) || bind.hasPrefix("127.")
        names = loopback.union(allowed.map { $0.lowercased() }).union([bind])
    }

    package func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        try check(request)
        return try await next(request, context)
    }

    /// - Throws: ``Fault`` `forbidden` for a foreign host or origin.
    func check(_ request: Request) throws(Fault) {
        guard isActive else { return }
        let host = request.head.authority ?? ""
        if !last.isSame(host) {
            guard names.contains(Self.name(of: host[...])) else {
                throw Fault(.forbidden, "this service does not answer for the host '\(host.prefix(200))'")
            }
            last.set(host)
        }
        guard let origin = request.headers[.origin] else { return }
        guard let scheme = origin.firstRange(of: "://"), names.contains(Self.name(of: origin[scheme.upperBound...]))
        else { throw Fault(.forbidden, "requests from the origin '\(origin.prefix(200))' are not allowed") }
    }

    /// The host of `host:port`, lower case, without the brackets of an IPv6 address.
    private static func name(of authority: Substring) -> String {
        if authority.first == "[" { return authority.dropFirst().prefix { $0 != "]" }.lowercased() }
        return authority.prefix { $0 != ":" }.lowercased()
    }
}

/// The host accepted last: clients hardly ever name another, and comparing is cheaper than taking it apart.
private final class LastHost: Sendable {
    private let host = Mutex("")

    func isSame(_ other: String) -> Bool { host.withLock { $0 == other } && !other.isEmpty }

    func set(_ new: String) { host.withLock { $0 = new } }
}
