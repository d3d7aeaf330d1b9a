import Contracts
import Crypto
import FoundationEssentials
import Kernel

extension CreateProject: WorkflowCommand {
    static var access: Access { .member }

    func run(_ unit: UnitOfWork) throws -> Project {
        guard unit.actor.projectID == nil else {
            throw Fault(.forbidden, "a token bound to a project cannot create another one")
        }
        guard body.name.contains(where: { !$0.isWhitespace }) else {
            throw Fault.invalid("name", "must not be empty")
        }
        let project = Project(
            id: .make(bucket: bucket(unit)),
            name: body.name,
            key: try key(unit),
            description: body.description,
            repository: body.repository,
            defaultBranch: body.defaultBranch ?? "main",
            settings: body.settings ?? ProjectSettings(),
            createdAt: unit.now,
            updatedAt: unit.now
        )
        try checkContents(of: project)
        try unit.insert(project)
        return project
    }

    /// The partition byte: the same for a repeated request, wherever it lands; random without a key.
    private func bucket(_ unit: UnitOfWork) -> UInt8 {
        guard let key = unit.transaction.idempotency else { return UInt8(unit.environment.random() * 256) }
        return SHA256.hash(data: Data((key.scope + key.key).utf8)).first { _ in true } ?? 0
    }

    private func key(_ unit: UnitOfWork) throws -> String {
        if let key = body.key {
            guard (2...10).contains(key.count), key.utf8.allSatisfy({ (0x41...0x5a).contains($0) }) else {
                throw Fault.invalid("key", "must be 2 to 10 capital letters, such as 'ABC'")
            }
            guard try !ProjectStore.isKeyTaken(key, in: unit.database) else {
                throw Fault(.conflict, "the key '\(key)' belongs to another project; choose another one")
            }
            return key
        }
        for candidate in ProjectKey.candidates(for: body.name) {
            if try !ProjectStore.isKeyTaken(candidate, in: unit.database) { return candidate }
        }
        throw Fault(.conflict, "no free key could be derived from the name; give one in 'key'")
    }
}

/// - Throws: ``Fault`` `invalid-field` for what every reader of the project and its events would see or carry.
func checkContents(of project: Project) throws {
    if let repository = project.repository, repository.lowercased().hasPrefix("http"),
        let authority = repository.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2).first,
        authority.contains("@")
    {
        throw Fault.invalid(
            "repository",
            "must not contain credentials: give them to git where the sandboxes run, by a credential helper or a key"
        )
    }
    guard try ContractCoder.encode(project.settings).count <= Limits.projectSettingsBytes else {
        throw Fault.invalid("settings", "must have at most \(Limits.projectSettingsBytes) bytes as JSON")
    }
}

/// Derives the prefix of ticket keys from a project's name.
enum ProjectKey {
    /// `Web Shop` -> `WS`, `omoi` -> `OMOI`; then the same with a letter or two after it.
    static func candidates(for name: String) -> some Sequence<String> {
        let base = base(for: name)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        let one = alphabet.lazy.map { "\(base)\($0)" }
        let two = alphabet.lazy.flatMap { first in alphabet.lazy.map { "\(base)\(first)\($0)" } }
        let three = alphabet.lazy.flatMap { first in two.map { "\($0)\(first)" } }
        return [AnySequence([base]), AnySequence(one), AnySequence(two), AnySequence(three)].lazy.joined()
    }

    private static func base(for name: String) -> String {
        let words = name.uppercased().split { !("A"..."Z").contains($0) }
        let base =
            words.count > 1
            ? String(words.prefix(5).compactMap(\.first)) : String(words.first?.prefix(4) ?? "")
        return base.count < 2 ? "PRJ" : base
    }
}
