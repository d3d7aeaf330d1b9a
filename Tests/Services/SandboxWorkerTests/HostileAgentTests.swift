import Contracts
import Kernel
import SandboxWorker
import TestSupport
import Testing

/// Nothing an agent writes is executed outside of its isolation, and nothing it points to is taken along.
@Suite(.timeLimit(.minutes(5)))
struct HostileAgentTests {
    private func result(
        _ sandbox: SandboxFixture,
        agent: [String]
    ) async throws -> (result: ResultSubmission, assignment: Assignment) {
        let assignment = sandbox.assignment(agent: agent)
        return try await StandInGateway.serve(assignment) { gateway, url in
            try sandbox.prepare(gateway: url)
            #expect(try await sandbox.run() == .answered)
            return (try #require(gateway.seen.results.first), assignment)
        }
    }

    @Test func `configuration, hooks, filters and nested repositories do not run`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            // The trap is armed by the agent's last act, so whatever springs it ran after the agent and outside.
            let trap = "\(root)/trap.sh"
            let script = """
                printf '#!/bin/sh\\n[ -e \(root)/armed ] && echo "$0 $*" >> \(root)/marker\\ncat\\n' > \(trap)
                chmod +x \(trap)
                echo changed > greeting.txt
                for hook in pre-commit post-commit pre-push post-checkout reference-transaction post-index-change; do
                  mkdir -p .git/hooks; cp \(trap) .git/hooks/$hook
                done
                mkdir nested; (cd nested; git init -q; echo n > n.txt; git add .;
                  git -c user.name=a -c user.email=a@a commit -qm n; git config core.fsmonitor \(trap))
                printf '*.txt filter=evil diff=evil merge=evil\\n' > .gitattributes
                git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),nested2
                git commit -qm 'a nested one' --no-verify -c core.hooksPath=/dev/null 2>/dev/null || true
                cp -r nested nested2
                for setting in core.fsmonitor filter.evil.clean filter.evil.smudge filter.evil.process \\
                  diff.evil.command \\
                  diff.evil.textconv diff.external merge.evil.driver core.sshCommand uploadpack.packObjectsHook \\
                  core.pager gpg.program core.askPass credential.helper core.alternateRefsCommand; do
                  git config $setting \(trap)
                done
                git config commit.gpgSign true; touch \(root)/armed
                """
            let (result, assignment) = try await result(sandbox, agent: ["/bin/sh", "-c", script])
            #expect(result.status == .completed)
            let marker = sandbox.content("marker") ?? ""
            #expect(marker.isEmpty)
            #expect(try await sandbox.git("show \(assignment.branch):greeting.txt") == "changed\n")
        }
    }

    @Test(arguments: [
        "echo /nonexistent > .git/objects/info/alternates", "rm -rf .git/refs; ln -s /tmp .git/refs",
        "mv .git ../elsewhere; echo 'gitdir: ../elsewhere' > .git", "rm -rf .git; ln -s \"$HOME\" .git",
        "rm -rf .git/objects; ln -s ../../../origin/.git/objects .git/objects",
        "echo ../elsewhere > .git/commondir", "rm -rf .git; mkdir .git",
    ])
    func `a repository that leads elsewhere is not followed, the files are kept`(damage: String) async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let (result, assignment) = try await result(sandbox, agent: shell("echo kept > kept.txt; \(damage)"))
            #expect(result.status == .failed)
            #expect(result.failure?.domain == .agent)
            #expect(result.failure?.code == "repository-damaged")
            #expect(try await sandbox.git("show wip/\(assignment.branch):kept.txt") == "kept\n")
        }
    }

    @Test(arguments: ["rm -rf .git", "rm -rf .git/objects; mkdir .git/objects", "git checkout -q --orphan empty"])
    func `without commits of its own the agent's files still count`(damage: String) async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let (result, assignment) = try await result(sandbox, agent: shell("\(damage); echo 1 > made.txt"))
            #expect(result.status == .completed)
            #expect(result.filesChanged.map(\.path) == ["made.txt"])
            #expect(try await sandbox.git("show \(assignment.branch):made.txt") == "1\n")
        }
    }

    @Test func `strange names and links survive`() async throws {
        try await withTemporaryDirectory { root in
            let sandbox = try await SandboxFixture(root)
            let script =
                "echo 1 > 'a b\tc'; ln -s /etc/passwd link; printf x > \"$(printf 'new\\nline')\"; "
                + "git mv greeting.txt 'gr üße.txt'"
            let (result, assignment) = try await result(sandbox, agent: shell(script))
            #expect(result.status == .completed)
            #expect(Set(result.filesChanged.map(\.path)) == ["a b\tc", "link", "new\nline", "gr üße.txt"])
            #expect(result.filesChanged.first { $0.action == .renamed }?.path == "gr üße.txt")
            #expect(try await sandbox.git("show \(assignment.branch):link") == "/etc/passwd")
        }
    }
}
