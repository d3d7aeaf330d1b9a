import ArgumentParser
import Contracts
import Kernel

/// `omoi doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check this machine and the running system; exit status 1 when something fails."
    )

    @Flag(help: "Print one JSON object instead of text.")
    var json = false

    func run() async throws {
        let surroundings = Surroundings.current
        let instance = try Instance(surroundings)
        var findings = try await MachineChecks.run(home: instance.home)
        findings += try await SystemChecks(instance).run()
        if json {
            surroundings.console.print(try JSONOutput.line(["findings": .array(findings.map(\.value))]))
        } else {
            for finding in findings { surroundings.console.print(finding.line) }
        }
        if findings.contains(where: { $0.level == .fail }) { throw Ending(status: .failure) }
    }
}
