import FoundationEssentials

/// The spools of sandboxes, seen from outside.
enum SpoolFolder {
    /// Results that were written down and have no answer yet.
    static func waitingResults(in home: String) throws -> Int {
        let sandboxes = "\(home)/sandboxes"
        return try FileManager.default.contentsOfDirectory(atPath: sandboxes).count { sandbox in
            let spool = "\(sandboxes)/\(sandbox)/spool"
            return FileManager.default.fileExists(atPath: "\(spool)/result.json")
                && !FileManager.default.fileExists(atPath: "\(spool)/answer.json")
        }
    }
}
