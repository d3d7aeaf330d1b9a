import Kernel
import Testing

@Suite struct `Back-off` {
    private let backoff = Backoff(base: .seconds(10), cap: .seconds(300), jitter: 0.25)

    @Test(
        arguments: [
            (-1, 10.0), (0, 10), (1, 10), (2, 20), (3, 40), (4, 80), (5, 160), (6, 300), (7, 300), (31, 300), (64, 300),
            (Int.max, 300),
        ] as [(Int, Double)]
    )
    func `doubles up to the cap`(attempt: Int, seconds: Double) {
        #expect(backoff.delay(afterAttempt: attempt, random: 0.5) == .milliseconds(Int64(seconds * 1000)))
    }

    @Test(arguments: [(0.0, Int64(7500)), (0.25, 8750), (0.5, 10_000), (0.75, 11_250), (1, 12_500)])
    func `varies by its jitter`(random: Double, milliseconds: Int64) {
        #expect(backoff.delay(afterAttempt: 1, random: random) == .milliseconds(milliseconds))
    }

    @Test func `full jitter reaches from nothing to twice the nominal value`() {
        let full = Backoff(base: .seconds(1), cap: .seconds(8), jitter: 1)
        #expect(full.delay(afterAttempt: 1, random: 0) == .zero)
        #expect(full.delay(afterAttempt: 4, random: 1) == .seconds(16))
    }

    @Test func `without jitter chance plays no part`() {
        let exact = Backoff(base: .milliseconds(100), cap: .seconds(5), jitter: 0)
        for random in [0, 0.3, 0.999] {
            #expect(exact.delay(afterAttempt: 3, random: random) == .milliseconds(400))
        }
    }
}
