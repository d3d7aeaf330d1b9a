import HTTPTypes
import Hummingbird
import Synchronization

/// The methods of every route, to tell "no such path" from "not with this method". Filled once the router is complete.
package final class RouteTable: Sendable {
    private struct Route {
        let path: RouterPath
        let method: HTTPRequest.Method
    }

    private let routes = Mutex<[Route]>([])

    package init() {}

    /// Takes over what `router` knows.
    package func fill<Context: RequestContext>(from router: Router<Context>) {
        let all = router.routes.map { Route(path: $0.path, method: $0.method) }
        routes.withLock { $0 = all }
    }

    /// Methods of the routes that match `path`, sorted.
    func methods(for path: String) -> [HTTPRequest.Method] {
        let parts = path.split(separator: "/")
        let methods = routes.withLock { routes in
            routes.filter { Self.matches($0.path, parts) }.map(\.method)
        }
        return methods.sorted { $0.rawValue < $1.rawValue }
    }

    private static func matches(_ path: RouterPath, _ parts: [Substring]) -> Bool {
        for (index, element) in path.components.enumerated() {
            if element == .recursiveWildcard { return true }
            guard index < parts.count, element ~= parts[index] else { return false }
        }
        return path.components.count == parts.count
    }
}
