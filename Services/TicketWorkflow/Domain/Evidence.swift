import Contracts

/// What a completed result must prove.
enum Evidence {
    /// - Returns: what is missing, in words; nil when nothing is.
    static func missing(in result: ResultSubmission, for task: WorkTask, of project: Project) -> String? {
        let settings = project.settings
        if settings.evidence.commit, project.repository != nil, task.phase == .implementation,
            result.commits?.isEmpty ?? true
        {
            return "no commit, and an implementation task must bring one"
        }
        guard settings.evidence.checks else { return nil }
        for check in checks(of: settings, for: task.phase) {
            let runs = (result.checks ?? []).filter { $0.name == check.name }
            guard let last = runs.last else { return "the check '\(check.name)' was not run" }
            guard last.exitCode == 0 else { return "the check '\(check.name)' failed with exit code \(last.exitCode)" }
        }
        return nil
    }

    /// The project's checks that apply to tasks of the phase.
    static func checks(of settings: ProjectSettings, for phase: Phase) -> [CheckSettings] {
        settings.checks.filter { $0.phases.isEmpty || $0.phases.contains(phase) }
    }
}
