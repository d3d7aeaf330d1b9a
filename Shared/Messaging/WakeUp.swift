import CRabbitMQ
import Glibc
import Kernel
import Synchronization

/// Interrupts a thread that waits in `poll`: an eventfd written at most once per turn of the thread.
final class WakeUp: Sendable {
    let file: Int32
    private let pending = Atomic(false)

    init() {
        file = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        precondition(file >= 0, "cannot create an eventfd: errno \(errno)")
    }

    deinit {
        close(file)
    }

    /// Wakes the thread, now or when it next waits. Any thread may call it, after it has put its work where the thread
    /// looks for it.
    func signal() {
        guard !pending.exchange(true, ordering: .acquiringAndReleasing) else { return }
        var one: UInt64 = 1
        _ = write(file, &one, MemoryLayout<UInt64>.size)
    }

    /// Forgets earlier signals; to be called before looking for work.
    ///
    /// The mark is taken back only after the file was read: the other way round, a signal between the two would have
    /// its write swallowed while the mark stays, and no later signal would wake anybody.
    func clear() {
        guard pending.load(ordering: .acquiring) else { return }
        var count: UInt64 = 0
        // Nothing to read: the signal is marked and about to be written, and will end the next wait.
        guard read(file, &count, MemoryLayout<UInt64>.size) > 0 else { return }
        pending.store(false, ordering: .sequentiallyConsistent)
    }

    /// Waits for a signal or, when `other` is not negative, until that file is readable.
    ///
    /// - Returns: false when the time was over first.
    @discardableResult
    func wait(alsoFor other: Int32 = -1, timeout: Duration) -> Bool {
        var files = [
            pollfd(fd: file, events: Int16(POLLIN), revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        let milliseconds = min(max(timeout.milliseconds, 0), 60_000)
        return poll(&files, other < 0 ? 1 : 2, Int32(milliseconds)) != 0
    }
}
