import Contracts
import Kernel
import Synchronization

/// Answers claims as the workflow would: the same sandbox id always gets the same answer. Fake: it has no tickets.
final class FakeWorkflow: Sendable {
    private struct State {
        var ready: Int
        var fence = 0
        var claims: [Identifier: Claim] = [:]
        var asked: [Identifier] = []
        var faults: [Fault] = []
        var lost = 0
        var superseded: Set<Identifier> = []
    }

    private let state: Mutex<State>

    /// - Parameter ready: tasks that can be claimed.
    init(ready: Int) {
        state = Mutex(State(ready: ready))
    }

    /// The sandbox ids in the order they were asked for.
    var asked: [Identifier] { state.withLock { $0.asked } }

    /// How many different sandboxes got a task.
    var claimed: Int { state.withLock { $0.claims.count } }

    func add(_ count: Int) { state.withLock { $0.ready += count } }

    /// The next questions fail so.
    func fail(with faults: Fault...) { state.withLock { $0.faults += faults } }

    /// The next `count` answers are decided and then lost on the way.
    func loseAnswers(_ count: Int) { state.withLock { $0.lost = count } }

    /// The attempt of this sandbox is closed.
    func supersede(_ id: Identifier) { state.withLock { _ = $0.superseded.insert(id) } }

    func answer(_ question: ClaimTask) throws -> Claim {
        try state.withLock { state in
            state.asked.append(question.sandboxID)
            if !state.faults.isEmpty { throw state.faults.removeFirst() }
            if state.superseded.contains(question.sandboxID) { throw Fault(.attemptSuperseded, "closed") }
            let claim: Claim
            if let known = state.claims[question.sandboxID] {
                claim = known
            } else {
                guard state.ready > 0 else { throw Fault(.nothingToClaim, "nothing") }
                state.ready -= 1
                state.fence += 1
                claim = Claim(
                    sandboxID: question.sandboxID,
                    taskID: .make(),
                    ticketID: .make(),
                    projectID: .make(),
                    attempt: 1,
                    fence: state.fence,
                    token: "secret-\(question.sandboxID)",
                    deadlineAt: nil
                )
                state.claims[question.sandboxID] = claim
            }
            if state.lost > 0 {
                state.lost -= 1
                throw Fault(.timeout, "no answer")
            }
            return claim
        }
    }
}
