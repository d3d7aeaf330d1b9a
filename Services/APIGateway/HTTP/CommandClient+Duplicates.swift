import Contracts
import Kernel
import Synchronization

/// Whether meanings are compared, as far as the workflow has said: creations need not ask every time.
final class MeaningHint: Sendable {
    private static let validity: Duration = .seconds(60)
    private let offUntil = Mutex<ContinuousClock.Instant?>(nil)

    var isWorthAsking: Bool { offUntil.withLock { until in until.map { $0 <= .now } ?? true } }

    func note(isConfigured: Bool) {
        offUntil.withLock { $0 = isConfigured ? nil : .now + Self.validity }
    }
}

extension CommandClient {
    /// Longest wait for the meaning of a text.
    private static let meaningPatience: Duration = .seconds(3)

    /// Has the meaning of a text looked up before it is compared, where embeddings are configured. When that fails or
    /// takes too long, words alone are compared.
    func prepareDuplicateCheck(title: String, description: String?, from origin: Origin) async throws {
        guard meanings.isWorthAsking else { return }
        var origin = origin
        origin.idempotency = nil
        do {
            let reply = try await send(PrepareDuplicateCheck(title: title, description: description), from: origin)
            let preparation: DuplicatePreparation = try ContractCoder.decode(from: Array(reply.bytes))
            meanings.note(isConfigured: preparation.isConfigured)
            guard let effect = preparation.effectID else { return }
            _ = try await outcome(of: effect, from: origin, within: Self.meaningPatience)
        } catch let fault as Fault {
            logger.notice("duplicates are looked for by words only", metadata: ["reason": "\(fault.message)"])
        }
    }
}
