import Glibc
import Synchronization

/// A serial executor on a thread of its own: for actors that own a blocking C handle, so that no blocking call ever
/// runs on Swift's cooperative pool.
///
/// `stop()` ends the thread after the jobs already enqueued; a job enqueued later runs on the caller's thread, so that
/// a late `deinit` or `close` still happens.
package final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
    // @unchecked: `condition` and `mutex` are the C primitives themselves; `jobs` and `stopped` are only touched while
    // `mutex` is held.
    private var mutex = pthread_mutex_t()
    private var condition = pthread_cond_t()
    private var jobs: [UnownedJob] = []
    private var stopped = false
    private let name: String

    package init(name: String) {
        self.name = name
        pthread_mutex_init(&mutex, nil)
        pthread_cond_init(&condition, nil)
        startThread(named: name) { [self] in run() }
    }

    deinit {
        pthread_cond_destroy(&condition)
        pthread_mutex_destroy(&mutex)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pthread_mutex_lock(&mutex)
        if stopped {
            pthread_mutex_unlock(&mutex)
            job.runSynchronously(on: asUnownedSerialExecutor())
            return
        }
        jobs.append(job)
        pthread_cond_signal(&condition)
        pthread_mutex_unlock(&mutex)
    }

    /// Ends the thread once the enqueued jobs have run. Idempotent.
    package func stop() {
        pthread_mutex_lock(&mutex)
        stopped = true
        pthread_cond_signal(&condition)
        pthread_mutex_unlock(&mutex)
    }

    private func run() {
        while true {
            pthread_mutex_lock(&mutex)
            while jobs.isEmpty && !stopped {
                pthread_cond_wait(&condition, &mutex)
            }
            let batch = jobs
            jobs.removeAll(keepingCapacity: true)
            let finished = stopped && batch.isEmpty
            pthread_mutex_unlock(&mutex)
            if finished { return }
            for job in batch {
                job.runSynchronously(on: asUnownedSerialExecutor())
            }
        }
    }
}

/// Starts a detached POSIX thread that runs `body`.
///
/// - Parameter name: shown by debuggers and `/proc`; at most 15 bytes are used.
package func startThread(named name: String, _ body: @escaping @Sendable () -> Void) {
    final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
    let start = Unmanaged.passRetained(Start(name: name, body: body))
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    defer { pthread_attr_destroy(&attributes) }
    var thread = pthread_t()
    let result = pthread_create(
        &thread,
        &attributes,
        { argument in
            guard let argument else { return nil }
            let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
            nameCurrentThread(start.name)
            start.body()
            return nil
        },
        start.toOpaque()
    )
    precondition(result == 0, "cannot start thread \(name): error \(result)")
}

/// Names the calling thread. Failure only costs the name, so it is not reported.
private func nameCurrentThread(_ name: String) {
    // glibc's pthread_setname_np is not visible to Swift; the kernel takes the same name through procfs.
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    let bytes = Array(name.utf8.prefix(15))
    _ = write(file, bytes, bytes.count)
    close(file)
}
