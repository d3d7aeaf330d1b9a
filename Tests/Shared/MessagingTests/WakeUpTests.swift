import Kernel
import Synchronization
import Testing

@testable import Messaging

@Suite(.timeLimit(.minutes(5))) struct WakeUpTests {
    /// A mailbox as the connections' threads have one.
    private final class Mailbox: Sendable {
        let wakeUp = WakeUp()
        /// Waits that ended by their time limit although there was work.
        let missed = Atomic(0)
        private let given = Mutex(0)

        func give() {
            given.withLock { $0 += 1 }
            wakeUp.signal()
        }

        func take() -> Int {
            given.withLock { given in
                defer { given = 0 }
                return given
            }
        }

        /// Takes `total` pieces the way a connection's thread does.
        func takeAll(_ total: Int) {
            var taken = 0
            var wasWoken = true
            while taken < total {
                wakeUp.clear()
                let count = take()
                if count > 0, !wasWoken { missed.add(1, ordering: .relaxed) }
                taken += count
                if taken < total { wasWoken = wakeUp.wait(timeout: .milliseconds(300)) }
            }
        }
    }

    @Test func `no signal is lost, however signals and looks fall together`() async throws {
        let mailbox = Mailbox()
        let (rounds, givers) = (40_000, 4)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withCheckedContinuation { done in
                    startThread(named: "taker") {
                        mailbox.takeAll(rounds * givers)
                        done.resume()
                    }
                }
            }
            for _ in 0..<givers {
                group.addTask {
                    for _ in 0..<rounds { mailbox.give() }
                }
            }
        }
        #expect(mailbox.missed.load(ordering: .relaxed) == 0)
    }

    @Test func `a signal before the wait ends it, a cleared one does not`() {
        let wakeUp = WakeUp()
        wakeUp.signal()
        #expect(wakeUp.wait(timeout: .seconds(60)))
        wakeUp.clear()
        #expect(!wakeUp.wait(timeout: .zero))
        wakeUp.signal()
        wakeUp.signal()
        wakeUp.clear()
        #expect(!wakeUp.wait(timeout: .zero))
    }
}
