import Kernel

/// Body of `POST /api/v1/specs`.
package struct SpecCreate: Codable, Sendable, Equatable {
    package var projectID: Identifier
    package var title: String
    package var description: String?
    /// Also create a ticket whose agent writes requirements, design and tasks.
    package var analyze: Bool?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case title, description, analyze
        case projectID = "project_id"
    }

    package init(projectID: Identifier, title: String, description: String? = nil, analyze: Bool? = nil) {
        self.projectID = projectID
        self.title = title
        self.description = description
        self.analyze = analyze
    }
}

/// Body of `PATCH /api/v1/specs/{id}`: absent members stay as they are.
package struct SpecPatch: Codable, Sendable, Equatable {
    package var title: String?
    package var description: String?
    /// `failed` gives the spec up, the status it would have otherwise takes it up again; others follow from approvals.
    package var status: Spec.Status?
    /// Follows from the approvals and the work; only the present one is taken.
    package var stage: Spec.Stage?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case title, description, status
        case stage = "phase"
    }

    package init(
        title: String? = nil,
        description: String? = nil,
        status: Spec.Status? = nil,
        stage: Spec.Stage? = nil
    ) {
        self.title = title
        self.description = description
        self.status = status
        self.stage = stage
    }
}

/// Body of `POST /api/v1/specs/{id}/requirements`.
package struct RequirementCreate: Codable, Sendable, Equatable {
    package var title: String
    package var condition: String
    package var action: String
    package var linkedDesign: String?
    /// Texts of its first criteria.
    package var criteria: [String]?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case title, condition, action, criteria
        case linkedDesign = "linked_design"
    }

    package init(
        title: String,
        condition: String,
        action: String,
        linkedDesign: String? = nil,
        criteria: [String]? = nil
    ) {
        self.title = title
        self.condition = condition
        self.action = action
        self.linkedDesign = linkedDesign
        self.criteria = criteria
    }
}

/// Body of `PATCH /api/v1/specs/{id}/requirements/{requirement}`: absent members stay as they are.
package struct RequirementPatch: Codable, Sendable, Equatable {
    package var title: String?
    package var condition: String?
    package var action: String?
    package var linkedDesign: String?
    package var status: Spec.Requirement.Status?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case title, condition, action, status
        case linkedDesign = "linked_design"
    }

    package init(
        title: String? = nil,
        condition: String? = nil,
        action: String? = nil,
        linkedDesign: String? = nil,
        status: Spec.Requirement.Status? = nil
    ) {
        self.title = title
        self.condition = condition
        self.action = action
        self.linkedDesign = linkedDesign
        self.status = status
    }
}

/// Body of `POST /api/v1/specs/{id}/requirements/{requirement}/criteria`.
package struct CriterionCreate: Codable, Sendable, Equatable {
    package var text: String
    package enum CodingKeys: String, CodingKey, CaseIterable { case text }
    package init(text: String) { self.text = text }
}

/// Body of `PATCH /api/v1/specs/{id}/requirements/{requirement}/criteria/{criterion}`.
package struct CriterionPatch: Codable, Sendable, Equatable {
    package var text: String?
    package var completed: Bool?
    package enum CodingKeys: String, CodingKey, CaseIterable { case text, completed }
    package init(text: String? = nil, completed: Bool? = nil) {
        self.text = text
        self.completed = completed
    }
}

/// Body of `PUT /api/v1/specs/{id}/design`; replaces the whole design.
package struct DesignBody: Codable, Sendable, Equatable {
    /// `path` and `purpose` are other names of endpoint and description that the earlier system took.
    package struct Endpoint: Codable, Sendable, Equatable {
        package var method: String
        package var endpoint: String?
        package var path: String?
        package var description: String?
        package var purpose: String?

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case method, endpoint, path, description, purpose
        }

        package init(
            method: String,
            endpoint: String? = nil,
            path: String? = nil,
            description: String? = nil,
            purpose: String? = nil
        ) {
            self.method = method
            self.endpoint = endpoint
            self.path = path
            self.description = description
            self.purpose = purpose
        }
    }

    package var architecture: String?
    package var dataModel: String?
    package var apiSpec: [Endpoint]?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case architecture
        case dataModel = "data_model"
        case apiSpec = "api_spec"
    }

    package init(architecture: String? = nil, dataModel: String? = nil, apiSpec: [Endpoint]? = nil) {
        self.architecture = architecture
        self.dataModel = dataModel
        self.apiSpec = apiSpec
    }
}

/// Body of `POST /api/v1/specs/{id}/tasks`.
package struct SpecTaskCreate: Codable, Sendable, Equatable {
    package var title: String
    package var description: String?
    /// A ``Spec/Stage`` or the id of a ``Phase``; default `Implementation`.
    package var phase: String?
    /// A ``Priority`` in any case; default `medium`.
    package var priority: String?
    package var taskType: String?
    /// An existing ticket of the project; default the spec's own.
    package var ticketID: Identifier?
    package var dependsOn: [Identifier]?
    /// What of the spec the task is for.
    package var requirementIDs: [Identifier]?
    package var criterionIDs: [Identifier]?
    package var timeoutSeconds: Int?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case title, description, phase, priority
        case taskType = "task_type"
        case ticketID = "ticket_id"
        case dependsOn = "depends_on"
        case requirementIDs = "requirement_ids"
        case criterionIDs = "criterion_ids"
        case timeoutSeconds = "timeout_seconds"
    }

    package init(
        title: String,
        description: String? = nil,
        phase: String? = nil,
        priority: String? = nil,
        taskType: String? = nil,
        ticketID: Identifier? = nil,
        dependsOn: [Identifier]? = nil,
        requirementIDs: [Identifier]? = nil,
        criterionIDs: [Identifier]? = nil,
        timeoutSeconds: Int? = nil
    ) {
        self.title = title
        self.description = description
        self.phase = phase
        self.priority = priority
        self.taskType = taskType
        self.ticketID = ticketID
        self.dependsOn = dependsOn
        self.requirementIDs = requirementIDs
        self.criterionIDs = criterionIDs
        self.timeoutSeconds = timeoutSeconds
    }
}

/// The answer of commands that only say that it was done.
package struct SpecMessage: Codable, Sendable, Equatable {
    package var message: String
    package enum CodingKeys: String, CodingKey, CaseIterable { case message }
    package init(message: String) { self.message = message }
}
