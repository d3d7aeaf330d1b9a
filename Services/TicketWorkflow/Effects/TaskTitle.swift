import Contracts
import Kernel

/// Lets the configured model write a task's title.
struct TaskTitle: Effect {
    struct Answer: Codable, Sendable, Equatable {
        var title: String
    }

    static let kind = "task.title"
    private static let instruction = """
        You name tasks of a software project. Answer with nothing but a title of at most \
        \(Limits.generatedTitleLength) characters in the language of the task: what is to be done, imperative, \
        without quotation marks and without a full stop.
        """
    /// Characters of the description the model gets to see.
    private static let descriptionLength = 8000

    var taskID: Identifier
    /// The title at the time of the request: one that somebody has changed since is not overwritten.
    var seen: String
    var context: String?

    enum CodingKeys: String, CodingKey {
        case seen, context
        case taskID = "task_id"
    }

    func perform(_ outside: Outside) async throws -> Answer {
        guard let model = outside.environment.configuration.model else {
            throw Fault(.unavailable, "no model is configured any more")
        }
        guard let task = try await outside.store.read({ try TaskStore.find(taskID, in: $0) })?.task else {
            throw Fault.notFound("task", taskID)
        }
        var text = "Type: \(task.taskType)\nTitle so far: \(task.title)\n"
        if let context { text += "Context: \(context)\n" }
        text += "Description:\n\(task.description.prefix(Self.descriptionLength))"
        let answer = try await ModelRequest(instruction: Self.instruction, text: text, maxTokens: 100)
            .send(to: model, outside.web)
        guard let title = ShortTitle.clean(answer) else {
            throw Fault(.unavailable, "the model's answer holds no title")
        }
        return Answer(title: title)
    }

    func conclude(_ outcome: Result<Answer, Fault>, _ unit: UnitOfWork) throws {
        // A failure leaves the title as it is; who waits is told by the effect itself.
        guard case .success(let answer) = outcome, try unit.task(taskID).title == seen else { return }
        try unit.update(task: taskID, .taskUpdated) { record in
            record.task.title = answer.title
            record.task.titleSource = .model
        }
    }
}
