import Kernel

/// Asks which open tickets resemble a text. The actor's project, when it has one, is the only one looked at.
package struct CheckDuplicates: Command {
    package static let name = "ticket.check-duplicates"
    package typealias Reply = DuplicateCheckResponse
    package var body: DuplicateCheck
    package init(body: DuplicateCheck) { self.body = body }
}

/// Has the meaning of a text looked up before it is compared, where embeddings are configured. The comparison waits for
/// nobody: without the meaning it compares words.
package struct PrepareDuplicateCheck: Command {
    package static let name = "ticket.prepare-duplicates"
    package typealias Reply = DuplicatePreparation
    package var title: String
    package var description: String?

    package init(title: String, description: String? = nil) {
        self.title = title
        self.description = description
    }
}

package struct DuplicatePreparation: Codable, Sendable, Equatable {
    /// Whether meanings are compared at all.
    package var isConfigured: Bool
    /// Under way, see ``DescribeEffect``; nil when the meaning is known already.
    package var effectID: Identifier?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case isConfigured = "is_configured"
        case effectID = "effect_id"
    }

    package init(isConfigured: Bool, effectID: Identifier?) {
        self.isConfigured = isConfigured
        self.effectID = effectID
    }
}
