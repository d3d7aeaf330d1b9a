import Kernel

/// Changes what a person may change of a task.
package struct UpdateTask: Command {
    package static let name = "task.update"
    package typealias Reply = WorkTask
    package var id: Identifier
    package var ifVersion: Int?
    package var body: TaskPatch
    package init(id: Identifier, ifVersion: Int? = nil, body: TaskPatch) {
        self.id = id
        self.ifVersion = ifVersion
        self.body = body
    }
}

/// Ends a task that is being worked on as failed, without another attempt.
package struct FailTask: Command {
    package static let name = "task.fail"
    package typealias Reply = FailedTask
    package var id: Identifier
    /// The version this is meant for; nil: any.
    package var ifVersion: Int?
    package var reason: String
    package init(id: Identifier, reason: String) {
        self.id = id
        self.reason = reason
    }
}

/// Answer of `POST /api/v1/tasks/{id}/fail`.
package struct FailedTask: Codable, Sendable, Equatable {
    package var taskID: Identifier
    package var status: WorkTask.Status
    package var reason: String
    package var oldStatus: WorkTask.Status

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case status, reason
        case taskID = "task_id"
        case oldStatus = "old_status"
    }

    package init(taskID: Identifier, status: WorkTask.Status, reason: String, oldStatus: WorkTask.Status) {
        self.taskID = taskID
        self.status = status
        self.reason = reason
        self.oldStatus = oldStatus
    }
}

/// Sets how long an attempt may take; one that is open is measured anew.
package struct SetTimeout: Command {
    package static let name = "task.timeout"
    package typealias Reply = TaskTimeout
    package var id: Identifier
    /// The version this is meant for; nil: any.
    package var ifVersion: Int?
    package var seconds: Int
    package init(id: Identifier, seconds: Int) {
        self.id = id
        self.seconds = seconds
    }
}

/// Answer of `POST /api/v1/tasks/{id}/set-timeout`.
package struct TaskTimeout: Codable, Sendable, Equatable {
    package var taskID: Identifier
    package var timeoutSeconds: Int
    package var status: WorkTask.Status

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case status
        case taskID = "task_id"
        case timeoutSeconds = "timeout_seconds"
    }

    package init(taskID: Identifier, timeoutSeconds: Int, status: WorkTask.Status) {
        self.taskID = taskID
        self.timeoutSeconds = timeoutSeconds
        self.status = status
    }
}

/// Ends every attempt whose time is over at once, without the grace the workflow's own clock gives it.
package struct CleanUpTimedOut: Command {
    package static let name = "task.clean-up"
    package typealias Reply = CleanedUp
    package init() {}
}

/// Answer of `POST /api/v1/tasks/cleanup-timed-out`.
package struct CleanedUp: Codable, Sendable, Equatable {
    /// Attempts ended.
    package var cleanedCount: Int
    /// Attempts found over their time; more than were ended when there are very many.
    package var totalTimedOut: Int

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case cleanedCount = "cleaned_count"
        case totalTimedOut = "total_timed_out"
    }

    package init(cleanedCount: Int, totalTimedOut: Int) {
        self.cleanedCount = cleanedCount
        self.totalTimedOut = totalTimedOut
    }
}

/// Asks whether further dependencies would close a cycle. Changes nothing.
package struct CheckCircular: Command {
    package static let name = "task.check-circular"
    package typealias Reply = CircularCheck
    package var id: Identifier
    /// Beside what the task depends on already.
    package var dependsOn: [Identifier]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case id
        case dependsOn = "depends_on"
    }

    package init(id: Identifier, dependsOn: [Identifier]) {
        self.id = id
        self.dependsOn = dependsOn
    }
}

/// Answer of `POST /api/v1/tasks/{id}/check-circular`.
package struct CircularCheck: Codable, Sendable, Equatable {
    package var hasCircularDependency: Bool
    /// Tasks and tickets of the cycle, each waiting for the next and the last for the first.
    package var cycle: [Identifier]?
    /// The same in words.
    package var detail: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case cycle, detail
        case hasCircularDependency = "has_circular_dependency"
    }

    package init(cycle: [Identifier]? = nil, detail: String? = nil) {
        self.hasCircularDependency = cycle != nil
        self.cycle = cycle
        self.detail = detail
    }
}

/// Notes which conversation of its agent works on a task.
package struct RegisterConversation: Command {
    package static let name = "task.conversation"
    package typealias Reply = WorkTask
    package var id: Identifier
    package var body: ConversationBody
    package init(id: Identifier, body: ConversationBody) {
        self.id = id
        self.body = body
    }
}

/// Gives tasks short titles: by a model when one is configured, else by rule.
package struct GenerateTitles: Command {
    package static let name = "task.titles"
    package typealias Reply = TitleRequests
    /// nil: the newest tasks whose title is longer than a generated one, or was made by rule while a model is there.
    package var id: Identifier?
    package var limit: Int
    package var context: String?

    package init(id: Identifier?, limit: Int = 1, context: String? = nil) {
        self.id = id
        self.limit = limit
        self.context = context
    }
}

/// What became of each task.
package struct TitleRequests: Codable, Sendable, Equatable {
    package struct Item: Codable, Sendable, Equatable {
        package var taskID: Identifier
        /// The effect to wait for; nil: the title is there already.
        package var effectID: Identifier?

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case taskID = "task_id"
            case effectID = "effect_id"
        }

        package init(taskID: Identifier, effectID: Identifier?) {
            self.taskID = taskID
            self.effectID = effectID
        }
    }

    package var tasks: [Item]

    package init(tasks: [Item]) { self.tasks = tasks }
}

/// The whole of a result; the read model has no content.
package struct DescribeResult: Command {
    package static let name = "result.describe"
    package typealias Reply = TaskResult
    package var id: Identifier
    package init(id: Identifier) { self.id = id }
}

/// Results of a task, of a ticket or of everything, newest first, with content.
package struct ListResults: Command {
    package static let name = "result.list"
    package typealias Reply = ResultPage
    package var taskID: Identifier?
    package var ticketID: Identifier?
    package var projectID: Identifier?
    package var status: TaskResult.Status?
    /// Only results with an id below this one.
    package var before: Identifier?
    package var limit: Int

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case status, before, limit
        case taskID = "task_id"
        case ticketID = "ticket_id"
        case projectID = "project_id"
    }

    package init(
        taskID: Identifier? = nil,
        ticketID: Identifier? = nil,
        projectID: Identifier? = nil,
        status: TaskResult.Status? = nil,
        before: Identifier? = nil,
        limit: Int
    ) {
        self.taskID = taskID
        self.ticketID = ticketID
        self.projectID = projectID
        self.status = status
        self.before = before
        self.limit = limit
    }
}

package struct ResultPage: Codable, Sendable, Equatable {
    package var results: [TaskResult]
    /// Whether there are older ones.
    package var hasMore: Bool

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case results
        case hasMore = "has_more"
    }

    package init(results: [TaskResult], hasMore: Bool) {
        self.results = results
        self.hasMore = hasMore
    }
}

/// Notes what somebody who looked at a result found.
package struct VerifyResult: Command {
    package static let name = "result.verify"
    package typealias Reply = TaskResult
    package var id: Identifier
    package var body: VerificationBody
    package init(id: Identifier, body: VerificationBody) {
        self.id = id
        self.body = body
    }
}
