/// Every bound of the system by name. A queue, page, body, batch or buffer without an entry here is a bug.
package enum Limits {
    // HTTP
    /// Largest request body, bytes.
    package static let requestBytes = 1 << 20
    /// Silence after which a connection of a client is closed; longer than any command takes.
    package static let httpIdle: Duration = .seconds(75)
    /// Refused fields named in one answer.
    package static let fieldErrors = 100
    /// Default and largest number of items on a page.
    package static let pageDefault = 50
    package static let pageMax = 200
    /// Largest `offset` of the lists that still accept one; beyond it a cursor is needed.
    package static let offsetMax = 10_000
    /// Largest page of history.
    package static let historyPageMax = 500
    /// Requests of one token to one family of routes per ``rateWindow``, unless configured otherwise.
    package static let requestsPerWindow = 6000
    package static let rateWindow: Duration = .seconds(60)
    /// Pairs of token and family whose rate is watched at the same time.
    package static let rateBuckets = 10_000
    /// Longest command round trip between gateway and owner.
    package static let commandDeadline: Duration = .seconds(10)

    // HTTP client
    /// Largest answer a client takes, bytes.
    package static let responseBytes = 16 << 20
    /// Largest head of an answer a client takes, bytes.
    package static let responseHeaderBytes = 64 << 10
    /// Bytes of a streamed answer that wait unread before the server is no longer read from.
    package static let streamBufferBytes = 256 << 10
    /// Longest time to make a connection.
    package static let connectTimeout: Duration = .seconds(5)
    /// Connections one client opens to one host; further requests wait.
    package static let connectionsPerHost = 256

    // Text fields, in characters
    package static let titleLength = 500
    package static let descriptionLength = 64 * 1024
    package static let nameLength = 200
    package static let reasonLength = 4 * 1024
    /// Largest summary a task carries, bytes.
    package static let summaryBytes = 4 * 1024
    /// Largest result body, bytes.
    package static let resultBytes = 1 << 20

    // Collections in one request
    package static let tasksPerTicket = 500
    package static let ticketsPerBatch = 100
    /// Tasks of all tickets created by one request: they share a transaction, and every task is in the answer.
    package static let tasksPerBatch = 1000
    /// Bytes of a project's settings as JSON: they travel with every event of the project.
    package static let projectSettingsBytes = 256 << 10
    package static let dependenciesPerTask = 100
    package static let filesChanged = 10_000
    package static let checksPerProject = 20
    package static let activityBatch = 200
    package static let labels = 20

    // Specs
    /// Requirements of a spec, criteria of a requirement, entries of a design's API, tasks and tickets linked to a
    /// spec.
    package static let requirementsPerSpec = 200
    package static let criteriaPerRequirement = 50
    package static let endpointsPerDesign = 200
    package static let tasksPerSpec = 500
    package static let ticketsPerSpec = 200
    /// Largest text of a design section, characters.
    package static let designLength = 64 * 1024
    /// Largest spec as JSON, bytes.
    package static let specBytes = 512 << 10
    /// Newest versions of a spec that are kept with a snapshot.
    package static let specSnapshots = 100

    // Messaging
    /// Messages published and not yet confirmed, per connection.
    package static let confirmWindow = 512
    /// Bytes published and not yet confirmed: stays below half the socket's send buffer.
    package static let confirmWindowBytes = 1 << 20
    package static let prefetch: UInt16 = 400
    package static let batch = 256
    /// Largest message on a topic, bytes.
    package static let messageBytes = 2 << 20
    /// No confirm for this long with messages in flight: the connection is dropped and rebuilt.
    package static let confirmWatchdog: Duration = .seconds(30)
    package static let heartbeat: Duration = .seconds(10)

    // Storage
    package static let groupCommitUnits = 256
    /// Callers that wait for a commit of one store; more are refused with a time to try again.
    package static let groupCommitWaiting = 16_384
    package static let inboxRetention: Duration = .seconds(7 * 86_400)
    package static let inboxRows = 1_000_000
    package static let outboxKeepRows = 10_000
    package static let pruneBatch = 1000

    // Tasks
    package static let attemptsPerTask = 3
    package static let platformLosses = 10
    package static let rounds = 3
    /// Time without a heartbeat's confirmation after which an attempt is lost.
    package static let lease: Duration = .seconds(30)
    package static let heartbeatInterval: Duration = .seconds(5)
    /// Sandbox: longest time from spawn to first sign, silence, and time without activity.
    package static let startDeadline: Duration = .seconds(120)
    package static let silenceDeadline: Duration = .seconds(90)
    package static let stallDeadline: Duration = .seconds(600)
    package static let projectConcurrency = 5
    /// Longest `timeout_seconds` of a task.
    package static let taskTimeoutSeconds = 604_800
    /// Longest time a task is parked because its model's provider refuses; then it asks again.
    package static let providerPark: Duration = .seconds(7 * 86_400)
    /// Longest title that is generated, characters.
    package static let generatedTitleLength = 70
    /// Tasks that get a title in one request.
    package static let titlesPerRequest = 50
    /// Longest document handed in about a task or a ticket, characters.
    package static let reportLength = 100 * 1024
    /// Pieces of evidence in one verification of a result.
    package static let evidenceItems = 100
    /// Attempts ended by one clean-up of timed-out tasks.
    package static let cleanUpBatch = 200
    /// Time the answer of a cancel waits for the sandbox to be gone.
    package static let cancelWait: Duration = .seconds(5)

    // Slow effects of the workflow
    package static let effectsAtOnce = 8
    /// Calls of one effect before it is given up.
    package static let effectTries = 5
    /// Longest single call of an effect.
    package static let effectTimeout: Duration = .seconds(60)
    /// Time the answer of a request waits for the outcome of its effect.
    package static let effectWait: Duration = .seconds(8)
    /// How long the outcome of an effect can be asked for.
    package static let effectRetention: Duration = .seconds(3600)

    // Tickets
    /// Pieces of evidence kept per ticket, and the largest content of one, bytes of JSON.
    package static let artifactsPerTicket = 200
    package static let artifactBytes = 64 * 1024
    /// Requirements of one kind a gate names at most.
    package static let requirementsPerGate = 20
    /// Largest context of a ticket, bytes of JSON: every event of the ticket carries it.
    package static let contextBytes = 32 * 1024
    /// Time for a review, and time without progress after which a ticket counts as stuck, unless the project says
    /// otherwise.
    package static let approvalTimeout: Duration = .seconds(1800)
    package static let blockingMinutes = 30
    /// Pause between two looks for stuck tickets of a project, and tickets blocked by one look.
    package static let blockingInterval: Duration = .seconds(300)
    package static let blockingBatch = 200

    // Read model
    /// Connections for reads by key on the caller's own thread.
    package static let pointReaders = 4
    /// Longest text that is searched for, characters.
    package static let searchLength = 200
    /// Tasks in one answer of the dependency graph; beyond it the caller must ask for one ticket.
    package static let graphTasks = 10_000
    /// Blocked or blocking tasks named in one answer.
    package static let graphNeighbours = 1000

    // Sandbox worker
    /// Time between SIGTERM and SIGKILL for an agent or a check.
    package static let agentKillGrace: Duration = .seconds(3)
    /// Longest run of a git command.
    package static let gitTimeout: Duration = .seconds(300)
    /// Most output of a git command that is read, bytes.
    package static let gitOutputBytes = 16 << 20
    /// Longest one-line reason taken over from another program, characters.
    package static let reasonLineLength = 500
    /// Pause between two looks of a worker whether its directory is still there.
    package static let directoryWatch: Duration = .seconds(2)
    /// Pause between two signs of life of a worker.
    package static let workerHeartbeat: Duration = .seconds(10)
    /// Longest line of an agent's output in an activity, bytes.
    package static let activityLineBytes = 4096
    /// Lines of output reported per second, beyond a first burst of the same number.
    package static let activityLinesPerSecond = 200
    /// Activities a worker keeps while the gateway is away; further ones are counted and dropped.
    package static let activityBuffer = 2000
    /// Largest body of an activity report, bytes.
    package static let activityReportBytes = 512 << 10
    /// Largest description passed in an environment variable, bytes: the system takes 128 KiB for one.
    package static let environmentValueBytes = 100 << 10
    /// Commits a result names at most.
    package static let commitsPerResult = 1000

    // Streams
    package static let sseBuffer = 256
    package static let sseHeartbeat: Duration = .seconds(15)
    /// Bytes of events read and encoded at once for one reader.
    package static let ssePageBytes = 1 << 20
    /// A reader that takes nothing for this long is cut.
    package static let sseWriteTimeout: Duration = .seconds(30)
    /// A connection without a request for this long is closed.
    package static let idleConnection: Duration = .seconds(60)
    /// Readers at the same time.
    package static let sseStreams = 1000
    /// Longest remaining life of a token that travels in an address.
    package static let addressTokenLifetime: Duration = .seconds(3600)
    package static let historyRetention: Duration = .seconds(7 * 86_400)
    package static let historyRows = 2_000_000
    /// Bytes of events on one page of history.
    package static let historyPageBytes = 8 << 20

    // Duplicate check
    /// Words of a ticket that are indexed and looked up.
    package static let duplicateTerms = 48
    /// Tickets taken per word, newest first.
    package static let duplicateRowsPerTerm = 100
    /// Tickets compared in full.
    package static let duplicateCandidates = 50
    /// Similar tickets named in one answer.
    package static let duplicatesNamed = 50
    /// Characters of a description that are compared.
    package static let duplicateTextLength = 4000

    // GitHub
    /// Longest time for one request to GitHub.
    package static let gitHubTimeout: Duration = .seconds(15)
    /// Largest answer of GitHub that is taken, bytes.
    package static let gitHubAnswerBytes = 1 << 20
    /// Largest page asked of GitHub.
    package static let gitHubPageMax = 100
    /// Webhook deliveries remembered per project to tell a repeated one.
    package static let gitHubDeliveries = 10_000
    /// Commits of one push that are looked at.
    package static let gitHubCommitsPerPush = 2048
    /// Commits and pull requests a ticket names, newest first.
    package static let linksPerTicket = 100
}
