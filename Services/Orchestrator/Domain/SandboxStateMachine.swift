import Contracts

/// The life of one sandbox, as a value: an input moves the state and says what is to be done about it.
///
/// ```
/// PENDING -> CREATING -> RUNNING -> COMPLETING -> COMPLETED -> TERMINATED
///    |           \          \           \
///    (dropped)    `----------`-----------`----> FAILED -----> TERMINATED
/// ```
///
/// A worker whose result was answered before it ended skips COMPLETING: that state means "an unanswered result lies in
/// the spool". Every state but PENDING is published, one event per version.
package struct SandboxStateMachine: Sendable, Equatable {
    package enum Input: Sendable, Equatable {
        /// The workflow gave this sandbox a task.
        case claimed
        /// There is nothing for this sandbox: no task is ready, or its attempt was closed before it began.
        case unclaimed
        /// The worker was started, or found again after a restart.
        case created
        /// The worker was not started, and the provider shows that nothing of it is there.
        case notCreated(reason: String)
        /// The worker and everything it started are gone, leaving this in the spool.
        case exited(Spool)
        /// The result in the spool got its final answer.
        case answered
        /// The unanswered result, or what its submission needs, is gone from the disk; there is nothing to wait for.
        case spoolLost
        /// It has to end: cancelled, superseded, or its supervision ran out of patience.
        case stop(reason: String)
        /// Its directory is removed.
        case cleanedUp
    }

    /// What an ended worker left behind.
    package enum Spool: String, Sendable, Equatable, CaseIterable {
        /// No result was written.
        case empty
        /// A result that has no final answer yet.
        case unanswered
        /// A result and its final answer.
        case answered
    }

    package enum Effect: Sendable, Equatable {
        /// Forget the row; nothing was ever published about it.
        case drop
        /// Ask the provider to create the sandbox.
        case create
        /// Publish this event with the new state.
        case publish(EventType)
        /// Kill everything that runs in it, keeping its files.
        case kill
        /// Submit the spooled result until it is answered.
        case submit
        /// Its slot is free.
        case freeSlot
    }

    package private(set) var state: Sandbox.State
    /// Why it was told to end, the first reason counts; nil while nobody asked.
    package private(set) var stopReason: String?
    /// Why it failed.
    package private(set) var failure: String?

    package init(state: Sandbox.State = .pending, stopReason: String? = nil, failure: String? = nil) {
        self.state = state
        self.stopReason = stopReason
        self.failure = failure
    }

    /// Moves the state. An input that means nothing in the current state changes nothing and has no effects, so a
    /// repeated or late input is harmless.
    package mutating func handle(_ input: Input) -> [Effect] {
        switch (state, input) {
        case (.pending, .claimed):
            state = .creating
            return [.publish(.sandboxCreated), .create]
        case (.pending, .unclaimed):
            state = .terminated
            return [.drop, .freeSlot]
        case (.creating, .created):
            state = .running
            return [.publish(.sandboxRunning)] + (stopReason == nil ? [] : [.kill])
        case (.creating, .notCreated(let reason)):
            return fail(stopReason ?? reason)
        case (.creating, .exited(let spool)), (.running, .exited(let spool)):
            return end(with: spool)
        case (.completing, .answered):
            return report()
        case (.completing, .spoolLost):
            return fail(stopReason ?? Reason.spoolLost)
        case (.creating, .stop(let reason)), (.running, .stop(let reason)):
            stopReason = stopReason ?? reason
            return [.kill]
        case (.completing, .stop(let reason)):
            // The processes are gone already; the result still has to be answered.
            stopReason = stopReason ?? reason
            return []
        case (.completed, .cleanedUp), (.failed, .cleanedUp):
            state = .terminated
            return [.publish(.sandboxTerminated)]
        default:
            return []
        }
    }

    private mutating func end(with spool: Spool) -> [Effect] {
        switch spool {
        case .empty:
            return fail(stopReason ?? Reason.workerExited)
        case .unanswered:
            state = .completing
            return [.publish(.sandboxCompleting), .submit]
        case .answered:
            return report()
        }
    }

    /// The result is answered: the sandbox did what it was for, unless it had to be stopped.
    private mutating func report() -> [Effect] {
        if let stopReason { return fail(stopReason) }
        state = .completed
        return [.publish(.sandboxCompleted), .freeSlot]
    }

    private mutating func fail(_ reason: String) -> [Effect] {
        state = .failed
        failure = reason
        return [.publish(.sandboxFailed), .freeSlot]
    }
}

extension SandboxStateMachine {
    /// Values of `Sandbox.reason` that the orchestrator itself decides on.
    package enum Reason {
        /// No sign of life within the start time.
        package static let startTimeout = "start-timeout"
        /// The provider refused to create it.
        package static let startFailed = "start-failed"
        /// The orchestrator ended while it created the sandbox, and nothing of it was found afterwards.
        package static let startLost = "start-lost"
        /// Nothing was heard of it and its processes cannot be seen.
        package static let silent = "silent"
        /// Its processes are there and do nothing.
        package static let stalled = "stalled"
        /// It runs beyond the deadline of its attempt.
        package static let deadline = "deadline"
        /// The worker ended without leaving a result.
        package static let workerExited = "worker-exited"
        /// The result vanished before it was answered.
        package static let spoolLost = "spool-lost"
        /// The attempt was closed before the sandbox was created.
        package static let superseded = "superseded"
    }
}
