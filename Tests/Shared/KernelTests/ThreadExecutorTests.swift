import Foundation
import Kernel
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct `A thread executor` {
    /// Lives on a thread of its own, like an actor that owns a C handle.
    private actor Handle {
        private let executor: ThreadExecutor
        private var calls = 0

        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

        init(_ executor: ThreadExecutor) { self.executor = executor }

        func threadName() -> String {
            calls += 1
            return currentThreadName()
        }

        func block(_ body: @Sendable () -> Void) { body() }

        func count() -> Int { calls }
    }

    @Test func `runs the jobs of its actor on its own thread`() async {
        let executor = ThreadExecutor(name: "omoi-test-handle")
        let handle = Handle(executor)
        for _ in 0..<100 {
            #expect(await handle.threadName() == "omoi-test-handl")
        }
        #expect(await handle.count() == 100)
        executor.stop()
    }

    @Test func `jobs from many tasks run one at a time`() async {
        let executor = ThreadExecutor(name: "omoi-serial")
        let handle = Handle(executor)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<500 { group.addTask { _ = await handle.threadName() } }
        }
        #expect(await handle.count() == 500)
        executor.stop()
    }

    @Test func `a blocking job takes no thread of the cooperative pool`() async {
        let executors = (0..<8).map { ThreadExecutor(name: "omoi-block-\($0)") }
        let released = Gate()
        await withTaskGroup(of: Void.self) { group in
            for executor in executors {
                let handle = Handle(executor)
                group.addTask { await handle.block { released.blockUntilOpen() } }
            }
            // Runs only when a thread of the pool is free.
            group.addTask { released.open() }
        }
        for executor in executors { executor.stop() }
    }

    @Test func `stop runs what was enqueued, and a late job still runs`() async {
        let executor = ThreadExecutor(name: "omoi-stop")
        let handle = Handle(executor)
        let started = Gate()
        let released = Gate()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await handle.block {
                    started.open()
                    released.blockUntilOpen()
                }
            }
            group.addTask { _ = await handle.threadName() }
            group.addTask {
                started.blockUntilOpen()
                executor.stop()
                executor.stop()
                released.open()
            }
        }
        #expect(await handle.count() == 1)
        #expect(await handle.threadName() != "")
        #expect(await handle.count() == 2)
    }

    @Test func `a started thread carries its name`() async {
        let name = await withCheckedContinuation { continuation in
            startThread(named: "omoi-named") { continuation.resume(returning: currentThreadName()) }
        }
        #expect(name == "omoi-named")
    }
}

/// Lets one thread wait on purpose for another.
private final class Gate: Sendable {
    private let opened = Atomic<Bool>(false)

    func open() { opened.store(true, ordering: .releasing) }

    func blockUntilOpen() {
        while !opened.load(ordering: .acquiring) { usleep(500) }
    }
}

private func currentThreadName() -> String {
    let text = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
    return text?.trimmingCharacters(in: .newlines) ?? ""
}
