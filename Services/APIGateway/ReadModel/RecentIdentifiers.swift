import Kernel

/// A bounded set that forgets its oldest members.
struct RecentIdentifiers: Sendable {
    private let limit: Int
    private var members: Set<Identifier> = []
    private var order: [Identifier] = []
    private var oldest = 0

    init(limit: Int) {
        self.limit = limit
    }

    mutating func insert(_ id: Identifier) {
        guard members.insert(id).inserted else { return }
        order.append(id)
        guard order.count - oldest > limit else { return }
        members.remove(order[oldest])
        oldest += 1
        if oldest >= limit {
            order.removeFirst(oldest)
            oldest = 0
        }
    }

    /// - Returns: whether it was a member.
    mutating func remove(_ id: Identifier) -> Bool { members.remove(id) != nil }

    mutating func removeAll() {
        members.removeAll()
        order.removeAll()
        oldest = 0
    }
}
