import Contracts
import Crypto
import FoundationEssentials
import Kernel

extension ReceiveGitHubDelivery: WorkflowCommand {
    static var access: Access { .admin }

    func run(_ unit: UnitOfWork) throws -> GitHubReceipt {
        let projects = try authenticated(unit)
        guard (1...Limits.nameLength).contains(delivery.utf8.count) else {
            throw Fault.invalid("X-GitHub-Delivery", "is required")
        }
        var tickets: [Identifier] = []
        var isNew = false
        for id in projects {
            guard try GitHubStore.note(delivery: delivery, of: id, at: unit.now, in: unit.database) else { continue }
            isNew = true
            let project = try unit.project(id)
            guard project.status == .active else { continue }
            for (ticket, links) in try mentions(project, unit).sorted(by: { $0.key < $1.key }) {
                if try link(ticket, links, unit) { tickets.append(ticket) }
            }
        }
        guard isNew else { return GitHubReceipt(status: .duplicate, event: event) }
        return GitHubReceipt(status: tickets.isEmpty ? .ignored : .processed, event: event, tickets: tickets)
    }

    /// The projects whose secret signed the delivery. The comparison takes the same time wherever the difference is,
    /// and an unknown repository is answered like a wrong signature.
    private func authenticated(_ unit: UnitOfWork) throws -> [Identifier] {
        let refusal = Fault(.unauthenticated, "the delivery is not signed with the secret of a connected repository")
        guard signature.hasPrefix("sha256="), let code = Self.bytes(hex: signature.dropFirst(7)) else { throw refusal }
        guard let full = try? ContractCoder.decode(Addressed.self, from: Array(body)).repository.fullName else {
            throw refusal
        }
        let parts = full.split(separator: "/").map(String.init)
        guard parts.count == 2 else { throw refusal }
        let projects = try GitHubStore.all(owner: parts[0], repo: parts[1], in: unit.database).map(\.projectID)
            .filter { project in
                let secret = try SecretStore.find(SecretStore.gitHubWebhook(project), in: unit.database)
                guard let secret else { return false }
                let key = SymmetricKey(data: secret)
                return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: body, using: key)
            }
        guard !projects.isEmpty else { throw refusal }
        return projects
    }

    /// What the delivery says about tickets of the project.
    private func mentions(_ project: Project, _ unit: UnitOfWork) throws -> [Identifier: [TicketLink]] {
        let found: [(texts: [String], link: TicketLink)] =
            switch event {
            case "push": try ContractCoder.decode(GitHubPush.self, from: Array(body)).links(at: unit.now)
            case "pull_request":
                [try ContractCoder.decode(GitHubPullRequest.self, from: Array(body)).link(at: unit.now)]
            default: []
            }
        var links: [Identifier: [TicketLink]] = [:]
        for (texts, link) in found {
            let references = TicketReferences(texts, project: project.key)
            let named = try references.keys.compactMap { try TicketStore.identifier(ofKey: $0, in: unit.database) }
            for id in references.ids.union(named) { links[id, default: []].append(link) }
        }
        return try links.filter { id, _ in
            try TicketStore.find(id, in: unit.database).map { $0.ticket.projectID == project.id && !$0.ticket.archived }
                ?? false
        }
    }

    /// - Returns: whether the ticket changed.
    private func link(_ ticket: Identifier, _ links: [TicketLink], _ unit: UnitOfWork) throws -> Bool {
        let before = try unit.ticket(ticket).links ?? []
        let after = links.reduce(before) { $0.with($1) }
        guard after != before else { return false }
        try unit.update(ticket: ticket, .ticketUpdated) { $0.links = after }
        return true
    }

    private static func bytes(hex: some StringProtocol) -> [UInt8]? {
        let digits = hex.utf8.compactMap { UInt8(String(Unicode.Scalar($0)), radix: 16) }
        guard digits.count == hex.utf8.count, digits.count == 2 * SHA256.byteCount else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// Every delivery says which repository it is about.
    private struct Addressed: Decodable {
        var repository: GitHubRepositoryName
    }
}
