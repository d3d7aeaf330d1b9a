import Kernel
import LocalBroker
import TestSupport

/// From nothing to every service ready, the broker already running.
enum StartRows {
    static func measure(runs: Int) async throws -> [Row] {
        var samples: [Double] = []
        for _ in 0..<runs {
            samples.append(
                try await OmoiSystem.run { system in
                    // The first start created stores, keys and topology; what is measured is a restart.
                    for member in OmoiSystem.Member.allCases { try await system.kill(member) }
                    return try await Statistics.seconds {
                        for member in OmoiSystem.Member.allCases { try system.start(member) }
                        for member in OmoiSystem.Member.allCases { try await system.waitUntilReady(member) }
                    }
                }
            )
        }
        return [Row(name: "start of all services", value: Statistics.median(samples), unit: "s", goal: "< 1 s")]
    }
}
