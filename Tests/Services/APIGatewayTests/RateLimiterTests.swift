import Kernel
import TestSupport
import Testing

@testable import APIGateway

struct RateLimiterTests {
    private let token = Identifier.make()

    @Test func `a window's worth may be sent at once, then one per interval`() {
        let time = ManualTime()
        let limiter = RateLimiter(limit: 60, time: time)
        for left in (0..<60).reversed() {
            let standing = limiter.count(token, "tickets")
            #expect(standing?.isAdmitted == true)
            #expect(standing?.remaining == left)
        }
        let refused = limiter.count(token, "tickets")
        #expect(refused?.isAdmitted == false)
        #expect(refused?.untilNext == .seconds(1))
        #expect(refused?.untilFull == .seconds(60))
        time.advance(by: .seconds(1))
        #expect(limiter.count(token, "tickets")?.isAdmitted == true)
        #expect(limiter.count(token, "tickets")?.isAdmitted == false)
        time.advance(by: .seconds(3600))
        #expect(limiter.count(token, "tickets")?.remaining == 59)
    }

    @Test func `families and tokens have buckets of their own`() {
        let limiter = RateLimiter(limit: 1, time: ManualTime())
        #expect(limiter.count(token, "tickets")?.isAdmitted == true)
        #expect(limiter.count(token, "tickets")?.isAdmitted == false)
        #expect(limiter.count(token, "tasks")?.isAdmitted == true)
        #expect(limiter.count(.make(), "tickets")?.isAdmitted == true)
    }

    @Test func `without a limit nothing is counted`() {
        #expect(RateLimiter(limit: 0, time: ManualTime()).count(token, "tickets") == nil)
    }

    @Test func `many tokens do not fill the memory, and one that is refused stays refused`() {
        let limiter = RateLimiter(limit: 1, time: ManualTime())
        _ = limiter.count(token, "tickets")
        for _ in 1...(Limits.rateBuckets / 4) { _ = limiter.count(.make(), "tickets") }
        #expect(limiter.count(token, "tickets")?.isAdmitted == false)
        for _ in 1...Limits.rateBuckets { _ = limiter.count(.make(), "tickets") }
        #expect(limiter.watched <= Limits.rateBuckets)
    }
}
