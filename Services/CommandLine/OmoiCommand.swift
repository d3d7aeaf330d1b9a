import ArgumentParser
import Kernel

/// The root of the command line.
package struct OmoiCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "omoi",
        abstract: "Turns described features into finished work.",
        discussion: ExitStatus.discussion,
        subcommands: [
            UpCommand.self, DoctorCommand.self, ProjectCommand.self, TicketCommand.self, TaskCommand.self,
            BoardCommand.self, WatchCommand.self, DeadLettersCommand.self,
        ]
    )

    package init() {}

    /// Runs one command line.
    ///
    /// - Parameter arguments: without the name of the program.
    /// - Returns: what the process should end with; everything to say has been printed.
    package static func execute(_ arguments: [String], in surroundings: Surroundings) async -> ExitStatus {
        await Surroundings.$current.withValue(surroundings) {
            do {
                var command = try parseAsRoot(arguments)
                if var command = command as? any AsyncParsableCommand {
                    try await command.run()
                } else {
                    try command.run()
                }
                return .success
            } catch let fault as Fault {
                surroundings.console.note("omoi: \(oneLine(fault.message))")
                return ExitStatus(fault.code)
            } catch let ending as Ending {
                return ending.status
            } catch is CancellationError {
                return .failure
            } catch {
                return report(error, to: surroundings.console)
            }
        }
    }

    /// What the argument parser throws: help that was asked for, or wrong arguments.
    private static func report(_ error: any Error, to console: Console) -> ExitStatus {
        let text = fullMessage(for: error)
        guard exitCode(for: error) == .success else {
            console.note(text.isEmpty ? "omoi: \(error)" : text)
            return exitCode(for: error) == .validationFailure ? .usage : .failure
        }
        console.print(text)
        return .success
    }

    private static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }
}

/// Ends a command that has said everything already with a status of its own.
struct Ending: Error {
    var status: ExitStatus
}
