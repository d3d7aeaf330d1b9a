import ArgumentParser
import Contracts
import FoundationEssentials
import HTTPClient
import Kernel

/// `omoi project`
struct ProjectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project",
        abstract: "Projects: bodies of work on one repository.",
        subcommands: [Add.self, List.self]
    )

    /// `omoi project add`
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create a project.")

        @Argument(help: "Name of the project.")
        var name: String

        @Option(help: "Prefix of ticket keys, 2 to 10 capital letters; derived from the name when absent.")
        var key: String?

        @Option(help: "Path or address of the git repository.")
        var repository: String?

        @Option(help: "Branch that work starts from.")
        var branch: String?

        @Option(help: "Text about the project.")
        var description: String?

        @Option(
            help: "JSON file with the settings (agent, checks, concurrency, ...); '-' reads standard input."
        )
        var settings: String?

        @OptionGroup var connection: Connection

        func run() async throws {
            var body: [String: JSONValue] = ["name": .string(name)]
            body["key"] = key.map { .string($0) }
            body["repository"] = repository.map { .string(Self.location($0)) }
            body["default_branch"] = branch.map { .string($0) }
            body["description"] = description.map { .string($0) }
            if let settings { body["settings"] = try InputFile.json(settings, option: "--settings") }
            let project: Project = try await connection.gateway()
                .post("/api/v1/projects", body: JSONValue.object(body), idempotencyKey: Identifier.make().description)
            try connection.show(json: ["project": JSONOutput.value(project)]) {
                ["\(project.key)  \(project.id)  \(project.name)"]
            }
        }

        /// A folder that exists here as a path the services understand; anything else as it is.
        private static func location(_ repository: String) -> String {
            FileManager.default.fileExists(atPath: repository)
                ? Surroundings.current.absolute(repository) : repository
        }
    }

    /// `omoi project list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List projects.")

        @OptionGroup var connection: Connection

        func run() async throws {
            let projects: [Project] = try await Lookup(connection.gateway())
                .list("/api/v1/projects", member: "projects")
            try connection.show(json: ["projects": JSONOutput.value(projects)]) {
                var table = Table("KEY", "NAME", "STATUS", "REPOSITORY", "ID")
                for project in projects {
                    table.add(
                        project.key,
                        project.name,
                        project.status.rawValue,
                        project.repository ?? "-",
                        project.id.description
                    )
                }
                return table.lines(empty: "no projects")
            }
        }
    }
}

/// JSON given by file name.
enum InputFile {
    /// Reads a JSON file; `-` is standard input.
    ///
    /// - Throws: ``Fault`` `invalid-field` that names the option.
    static func json(_ path: String, option: String) throws -> JSONValue {
        let data: Data
        if path == "-" {
            data = FileDescriptorInput.readAll()
        } else {
            guard let content = try? Data(contentsOf: URL(filePath: path)) else {
                throw Fault.invalid(option, "cannot read '\(path)'")
            }
            data = content
        }
        do {
            return try ContractCoder.decode(JSONValue.self, from: Array(data))
        } catch let fault as Fault {
            throw Fault.invalid(option, "'\(path)' is not JSON: \(fault.message)")
        }
    }
}
