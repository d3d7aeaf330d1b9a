import Testing

@testable import Orchestrator

@Suite struct SupervisionTests {
    typealias Observation = Supervision.Observation
    let supervision = Supervision()

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var seen: Observation
        var decision: Supervision.Decision

        init(_ description: String, _ seen: Observation, _ decision: Supervision.Decision) {
            testDescription = description
            self.seen = seen
            self.decision = decision
        }
    }

    static let cases = [
        Case("starting", .init(liveness: .alive, age: .seconds(120), sinceSign: nil), .goOn),
        Case(
            "no sign after 120 s",
            .init(liveness: .alive, age: .seconds(121), sinceSign: nil),
            .stop(reason: "start-timeout")
        ),
        Case(
            "no sign, cannot be seen",
            .init(liveness: .unknown, age: .seconds(121), sinceSign: nil),
            .stop(reason: "start-timeout")
        ),
        Case("gone", .init(liveness: .gone, age: .seconds(1), sinceSign: nil), .ended),
        Case("gone and late", .init(liveness: .gone, age: .seconds(9999), sinceSign: .seconds(9999)), .ended),
        Case(
            "silent for 91 s, cannot be seen",
            .init(liveness: .unknown, age: .seconds(500), sinceSign: .seconds(91)),
            .stop(reason: "silent")
        ),
        Case(
            "silent for 90 s, cannot be seen",
            .init(liveness: .unknown, age: .seconds(500), sinceSign: .seconds(90)),
            .goOn
        ),
        Case(
            "silence does not run while the process is seen alive",
            .init(liveness: .alive, age: .seconds(500), sinceSign: .seconds(91)),
            .goOn
        ),
        Case(
            "silence does not run while nobody at all is heard",
            .init(liveness: .unknown, age: .seconds(5000), sinceSign: .seconds(4000), hearsOthers: false),
            .goOn
        ),
        Case(
            "active for hours",
            .init(liveness: .alive, age: .seconds(20000), sinceSign: .seconds(1)),
            .goOn
        ),
        Case(
            "idle for 10 min",
            .init(liveness: .alive, age: .seconds(2000), sinceSign: .seconds(600)),
            .goOn
        ),
        Case(
            "idle for longer",
            .init(liveness: .alive, age: .seconds(2000), sinceSign: .seconds(601)),
            .stop(reason: "stalled")
        ),
        Case(
            "at the deadline",
            .init(liveness: .alive, age: .seconds(60), sinceSign: .zero, allowed: .seconds(0)),
            .goOn
        ),
        Case(
            "beyond the deadline and its grace",
            .init(liveness: .alive, age: .seconds(161), sinceSign: .zero, allowed: .seconds(100)),
            .stop(reason: "deadline")
        ),
        Case(
            "beyond the deadline when it was found again",
            .init(liveness: .alive, age: .seconds(1), sinceSign: .zero, allowed: .seconds(-3600)),
            .stop(reason: "deadline")
        ),
    ]

    @Test(arguments: cases) func `a look leads to the right decision`(example: Case) {
        #expect(supervision.decide(example.seen) == example.decision)
    }
}
