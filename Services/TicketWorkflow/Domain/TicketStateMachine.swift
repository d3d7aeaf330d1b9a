import Contracts
import Kernel

/// The one map of the board: which moves exist, and which phases a move enters on its way.
enum TicketStateMachine {
    /// Whether a person may ask for this move. Forward moves may pass columns; back goes only from `building-done` and
    /// `testing` to `building`; `done` is final.
    static func mayMove(from: TicketStatus, to: TicketStatus) -> Bool {
        switch (from, to) {
        case (.done, _): false
        case (.buildingDone, .building), (.testing, .building): true
        default: to > from
        }
    }

    /// Whether a person may ask for this move: as between columns; inside one only forward, and back only to building.
    static func mayMove(from: Phase, to: Phase) -> Bool {
        if from.status == to.status { return to > from }
        return mayMove(from: from.status, to: to.status) && (to > from || to == .implementation)
    }

    /// The phases a ticket enters, in order: the first phase of every column it passes, then `target`. Going back
    /// passes nothing.
    static func path(from current: Phase, to target: Phase) -> [Phase] {
        guard target > current else { return [target] }
        let passed = TicketStatus.allCases.filter { $0 > current.status && $0 < target.status }
        return passed.compactMap(\.phases.first) + [target]
    }
}

/// The edges of a task. A final state is never left.
enum TaskStateMachine {
    enum Input: CaseIterable {
        case claim, start, complete, fail, timeOut, retry, cancel
    }

    /// The state after `input`; nil when there is no such edge.
    static func next(_ status: WorkTask.Status, _ input: Input) -> WorkTask.Status? {
        switch (status, input) {
        case (.pending, .claim): .assigned
        case (.assigned, .start): .running
        case (.running, .complete): .completed
        case (.assigned, .fail), (.running, .fail): .failed
        case (.assigned, .timeOut), (.running, .timeOut): .timedOut
        case (.assigned, .retry), (.running, .retry): .pending
        case (.pending, .cancel), (.assigned, .cancel), (.running, .cancel): .cancelled
        default: nil
        }
    }
}

extension WorkTask {
    /// Takes an edge.
    ///
    /// - Throws: ``Fault`` `conflict` when the task's state has no such edge.
    mutating func take(_ input: TaskStateMachine.Input) throws {
        guard let next = TaskStateMachine.next(status, input) else {
            throw Fault(.conflict, "the task is \(status.rawValue) and cannot \(input)")
        }
        status = next
    }
}
