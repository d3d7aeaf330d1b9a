import Kernel

/// Body of `POST /api/v1/projects`.
package struct ProjectCreate: Codable, Sendable, Equatable {
    package var name: String
    package var key: String?
    package var description: String?
    package var repository: String?
    package var defaultBranch: String?
    package var settings: ProjectSettings?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case name, key, description, repository, settings
        case defaultBranch = "default_branch"
    }

    package init(
        name: String,
        key: String? = nil,
        description: String? = nil,
        repository: String? = nil,
        defaultBranch: String? = nil,
        settings: ProjectSettings? = nil
    ) {
        self.name = name
        self.key = key
        self.description = description
        self.repository = repository
        self.defaultBranch = defaultBranch
        self.settings = settings
    }
}

/// Body of `PATCH /api/v1/projects/{id}`: absent members stay as they are.
package struct ProjectPatch: Codable, Sendable, Equatable {
    package var name: String?
    package var description: String?
    package var repository: String?
    package var defaultBranch: String?
    /// Merged into the settings (RFC 7396): members that are absent stay, null gives back the default.
    package var settings: JSONValue?
    package var status: Project.Status?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case name, description, repository, settings, status
        case defaultBranch = "default_branch"
    }

    package init() {}
}
