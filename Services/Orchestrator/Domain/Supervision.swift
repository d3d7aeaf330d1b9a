import Kernel

/// Decides from what can be seen of a sandbox whether it may go on. Pure; all intervals are monotonic.
package struct Supervision: Sendable, Equatable {
    /// Longest time from the start to the first sign.
    package var start: Duration
    /// Longest time without any sign, of a sandbox whose processes cannot be seen.
    package var silence: Duration
    /// Longest time without activity, of a sandbox whose processes are there.
    package var stall: Duration
    /// How much later than its attempt's deadline a sandbox is stopped: the worker ends the agent by itself and the
    /// workflow ends the attempt; this is the net below both.
    package var deadlineGrace: Duration

    package init(
        start: Duration = Limits.startDeadline,
        silence: Duration = Limits.silenceDeadline,
        stall: Duration = Limits.stallDeadline,
        deadlineGrace: Duration = .seconds(60)
    ) {
        self.start = start
        self.silence = silence
        self.stall = stall
        self.deadlineGrace = deadlineGrace
    }

    /// What the provider can say about a sandbox's processes.
    package enum Liveness: String, Sendable, Equatable, CaseIterable {
        case alive
        case gone
        /// The provider cannot be asked now.
        case unknown
    }

    /// One look at a sandbox.
    package struct Observation: Sendable, Equatable {
        package var liveness: Liveness
        /// Since this orchestrator started it or found it again.
        package var age: Duration
        /// Since its files last changed; nil: there was no sign yet.
        package var sinceSign: Duration?
        /// Whether a sign of any sandbox was seen within the silence time: if not, it is us who hear nothing.
        package var hearsOthers: Bool
        /// Time left until the attempt's deadline when it was last started or found; nil: no deadline.
        package var allowed: Duration?

        package init(
            liveness: Liveness,
            age: Duration,
            sinceSign: Duration?,
            hearsOthers: Bool = true,
            allowed: Duration? = nil
        ) {
            self.liveness = liveness
            self.age = age
            self.sinceSign = sinceSign
            self.hearsOthers = hearsOthers
            self.allowed = allowed
        }
    }

    package enum Decision: Sendable, Equatable {
        case goOn
        /// The processes are gone; what they left decides how it ended.
        case ended
        /// Stop it, with this reason.
        case stop(reason: String)
    }

    package func decide(_ seen: Observation) -> Decision {
        if seen.liveness == .gone { return .ended }
        if let allowed = seen.allowed, seen.age > allowed + deadlineGrace {
            return .stop(reason: SandboxStateMachine.Reason.deadline)
        }
        guard let sinceSign = seen.sinceSign else {
            return seen.age > start ? .stop(reason: SandboxStateMachine.Reason.startTimeout) : .goOn
        }
        if seen.liveness == .unknown, seen.hearsOthers, sinceSign > silence {
            return .stop(reason: SandboxStateMachine.Reason.silent)
        }
        if seen.liveness == .alive, sinceSign > stall {
            return .stop(reason: SandboxStateMachine.Reason.stalled)
        }
        return .goOn
    }
}
